// hyplora_variant "v1" and "v1_rot": what is fixed in the first release of HypLoRA, K = |k|. Its maps have time coordinates and
// no gates: they are computed in adapter/first_release.h. Where train_curvature is not given k and norm_scale are held: the first
// release froze them by name and never saved them.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

namespace hyplora {

struct V1 {
  static constexpr const char *name = "v1", *text = "the first release, with time coordinates", *published_as = "hyperbolic";
  static constexpr const char *radius = "sqrt K", *start = "a number that is not 0 (k)";
  static constexpr bool has_units = false, starts_at_auto = false;
  static constexpr bool learns_curvature = false;
  static constexpr std::optional<int64_t> time_coordinates = 1;

  static bool can_start(double curvature) { return curvature != 0; }
  static double stored_k(double curvature) { return curvature; }
  static double curvature_of(double k) { return std::fabs(k); }
};

struct V1Rot : V1 {
  static constexpr const char *name = "v1_rot", *text = "the same without B's time coordinate",
                              *published_as = "hyperbolic_rot";
  static constexpr std::optional<int64_t> time_coordinates = 0;
};

}  // namespace hyplora

// hyplora_variant "tangent": the paper's ablation. Maps around a product in the tangent space cancel, and what is left is LoRA.
#pragma once

#include <cstdint>
#include <optional>

namespace hyplora {

struct Tangent {
  static constexpr const char *name = "tangent", *text = "maps that cancel, which is LoRA", *published_as = nullptr;
  static constexpr const char *radius = nullptr, *start = "a number";
  static constexpr bool has_units = false, starts_at_auto = false;
  static constexpr bool learns_curvature = true;
  static constexpr std::optional<int64_t> time_coordinates = std::nullopt;

  static bool can_start(double /*curvature*/) { return true; }
  static double stored_k(double curvature) { return curvature; }
  static double curvature_of(double k) { return k; }
};

}  // namespace hyplora

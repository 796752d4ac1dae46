// hyplora_variant "simplified": the NeurIPS 2025 release's stereographic variant, as its code computes it.
//
//     phi = 2/(1 + k |x|^2)       t = sqrt(Q + k)     c = 1/(1 + sqrt|k| t)
//
// k starts above 0 and nothing holds it there: where Q + k < 0 the published form is not a number, and so is this.
// Derivatives: dphi/dn /n = -k phi^2 and dphi/dk = -|x|^2 phi^2/2; dc/dQ = -c^2 sqrt|k|/(2 t) and
// dc/dk = -c^2 (sgn(k) t/(2 sqrt|k|) + sqrt|k|/(2 t)).
#pragma once

#include <cstdint>

#include "hyperbolic/scalar_functions.h"
#include "hyperbolic/token_gates.h"

namespace hyplora {

struct Simplified {
  static constexpr const char *name = "simplified", *text = "its stereographic variant", *published_as = "hyplora_simplified";
  static constexpr const char *radius = "sqrt |k|", *start = "a number above 0 (k)";
  static constexpr bool has_units = false, starts_at_auto = false;
  static constexpr bool learns_curvature = true;
  static constexpr double k_gradient_bound = 0;
  static constexpr bool has_norm_scale = false, wants_fp32 = false;

  static bool can_start(double curvature) { return curvature > 0; }
  static double stored_k(double curvature) { return curvature; }
  HYPLORA_HOST_DEVICE static double curvature_of(double k) { return k; }

  HYPLORA_HOST_DEVICE Simplified(double k_, double /*norm_scale*/, int64_t /*in*/) : k(k_), root(std::sqrt(std::fabs(k_))) {}

  HYPLORA_HOST_DEVICE InnerGate inner(double norm) const {
    const double n2 = norm * norm, phi = 2 / (1 + k * n2);
    return {phi, -k * phi * phi, -n2 * phi * phi / 2, 0};
  }

  HYPLORA_HOST_DEVICE OuterGate outer(double squared) const {
    const double t = std::sqrt(squared + k), c = 1 / (1 + root * t), sign = k < 0 ? -1 : 1;
    return {c, -c * c * root / (2 * t), -c * c * (sign * t / (2 * root) + root / (2 * t))};
  }

  GateShape shape(int64_t /*in*/) const { return {curvature_of(k), root, 0, 0, 0, 0}; }

  double k, root;
};

}  // namespace hyplora

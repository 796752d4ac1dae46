// hyplora_variant "lorentz": the paper's equations with one curvature -1/(d K), K = exp(k), on the hyperboloid of radius
// kappa = sqrt(d K):  log0(B A exp0(x)), in closed form
//
//     t = |x|^2 / kappa^2     phi = sinh(min(sqrt t, 12)) / sqrt t
//     p = |y|^2 / kappa^2     c   = asinh(sqrt p) / sqrt p
//
// Both are 1 at 0 and smooth. Derivatives: dphi/dn /n = e/kappa^2 and dphi/dk = -e t/2 with e = (cosh - phi)/t;
// dc/dQ = c'(p)/kappa^2 and dc/dk = -p c'(p) with c'(p) = (1/sqrt(1 + p) - c)/(2 p).
#pragma once

#include <cstdint>

#include "hyperbolic/scalar_functions.h"
#include "hyperbolic/token_gates.h"

namespace hyplora {

struct Lorentz {
  static constexpr const char *name = "lorentz", *text = "the paper's equations", *published_as = nullptr;
  static constexpr const char *radius = "kappa = sqrt(d K)", *start = "a number above 0 (K)";
  static constexpr bool has_units = true, starts_at_auto = false;
  static constexpr bool learns_curvature = true;
  static constexpr double k_gradient_bound = 0;
  static constexpr bool has_norm_scale = false, wants_fp32 = false;

  static bool can_start(double curvature) { return curvature > 0; }
  static double stored_k(double curvature) { return std::log(curvature); }
  HYPLORA_HOST_DEVICE static double curvature_of(double k) { return std::exp(k); }

  HYPLORA_HOST_DEVICE Lorentz(double k, double /*norm_scale*/, int64_t in)
      : kappa2(curvature_of(k) * static_cast<double>(in)) {}

  HYPLORA_HOST_DEVICE InnerGate inner(double norm) const {
    const double t = norm * norm / kappa2;
    const SinhQuotients q = sinh_quotients(t);
    return {q.quotient, q.excess / kappa2, -0.5 * q.excess * t, 0};
  }

  HYPLORA_HOST_DEVICE OuterGate outer(double squared) const {
    const double p = squared / kappa2;
    const AsinhQuotient q = asinh_quotient(p);
    return {q.value, q.slope / kappa2, -p * q.slope};
  }

  GateShape shape(int64_t in) const {
    const double kappa = std::sqrt(kappa2);
    return {kappa2 / static_cast<double>(in), kappa, kappa, 12, 0, 0};
  }

  double kappa2;
};

}  // namespace hyplora

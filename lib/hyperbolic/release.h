// hyplora_variant "release": the NeurIPS 2025 release as its code computes it, flat zone and jump included.
//
//     K = softplus(k) + 1e-6, kap = sqrt K, sig = norm_scale, n = max(|x|, 1e-7), th = min(n/(sig kap), 12)
//     phi = kap sinh(th)/n
//     tau = sqrt(Q + 1/K), h = tau/kap, w = h < 1.01 ? sqrt(2 max(h - 1, 1e-6)) : arccosh(h), m = max(sqrt Q, 1e-7)
//     c   = kap w/m
//
// dL/dk is clamped to [-0.01, 0.01] in each backward pass, and everything runs in fp32 whatever the base's type.
#pragma once

#include <cstdint>

#include "hyperbolic/scalar_functions.h"
#include "hyperbolic/token_gates.h"

namespace hyplora {

struct Release {
  static constexpr const char *name = "release", *text = "as the NeurIPS release computes them", *published_as = "hyplora";
  static constexpr const char *radius = "sqrt K", *start = "a number";
  static constexpr bool has_units = false, starts_at_auto = false;
  static constexpr bool learns_curvature = true;
  static constexpr double k_gradient_bound = 0.01;  // the release's own
  static constexpr bool has_norm_scale = true, wants_fp32 = true;

  static bool can_start(double /*curvature*/) { return true; }
  static double stored_k(double curvature) { return curvature; }
  /// Softplus in the form that does not overflow.
  HYPLORA_HOST_DEVICE static double curvature_of(double k) {
    return std::fmax(k, 0.0) + std::log1p(std::exp(-std::fabs(k))) + 1e-6;
  }

  HYPLORA_HOST_DEVICE Release(double k, double norm_scale, int64_t /*in*/) : sig(norm_scale), K(curvature_of(k)) {
    kap = std::sqrt(K);
    dkap_dk = 1 / (1 + std::exp(-k)) / (2 * kap);
  }

  HYPLORA_HOST_DEVICE InnerGate inner(double norm) const {
    const double n = std::fmax(norm, least_norm), radius2 = sig * sig * K, t = n * n / radius2;
    const SinhQuotients q = sinh_quotients(t);
    return {q.quotient / sig, norm > least_norm ? q.excess / (radius2 * sig) : 0, -(q.excess * t) / (sig * kap) * dkap_dk,
            -q.cosh / (sig * sig)};
  }

  HYPLORA_HOST_DEVICE OuterGate outer(double squared) const {
    const double length = std::sqrt(squared), m = std::fmax(length, least_norm), tau = std::sqrt(squared + 1 / K),
                 h = tau / kap;
    const Distance d = distance(h);
    const double c = kap * d.value / m, shrink = length > least_norm ? c / (2 * squared) : 0;
    const double dh_dkap = -1 / (tau * K * K) - tau / K;
    return {c, d.slope / (2 * tau * m) - shrink, (d.value + kap * d.slope * dh_dkap) / m * dkap_dk};
  }

  GateShape shape(int64_t /*in*/) const {
    const double end = K * (1 + least_excess) * (1 + least_excess) - 1 / K;
    return {K, kap, sig * kap, 12, least_norm, end > 0 ? std::sqrt(end) : 0};
  }

  double sig, K, kap, dkap_dk;

 private:
  static constexpr double least_norm = 1e-7, near_origin = 1.01, least_excess = 1e-6;  // the release's own (docs/maths.md)

  /// w(h) = arccosh h, near 1 by its first term, and w'(h).
  struct Distance {
    double value, slope;
  };
  HYPLORA_HOST_DEVICE static Distance distance(double h) {
    if (h >= near_origin) return {std::acosh(h), 1 / std::sqrt(h * h - 1)};
    const double root = std::sqrt(2 * std::fmax(h - 1, least_excess));
    return {root, h - 1 > least_excess ? 1 / root : 0};
  }
};

}  // namespace hyplora

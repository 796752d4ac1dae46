// Scalar functions of the gates that are smooth at 0, where their closed forms are 0/0. For the CPU and for CUDA.
#pragma once

#include <cmath>

#ifdef __CUDACC__
#define HYPLORA_HOST_DEVICE __host__ __device__
#else
#define HYPLORA_HOST_DEVICE
#endif

namespace hyplora {

/// sinh(th)/th and (cosh(th) - sinh(th)/th)/th^2 as functions of t = th^2 >= 0. sinh's argument is held at 12, and beyond it
/// cosh counts as 0.
struct SinhQuotients {
  double quotient, excess, cosh;
};

HYPLORA_HOST_DEVICE inline SinhQuotients sinh_quotients(double t) {
  constexpr double series_below = 1e-2;  // what the series leaves out is below 1e-17 there
  constexpr double max_argument = 12.0;  // the release's own
  if (t < series_below) {
    const double quotient = 1 + t * (1.0 / 6 + t * (1.0 / 120 + t * (1.0 / 5040 + t * (1.0 / 362880))));
    const double excess = 1.0 / 3 + t * (1.0 / 30 + t * (1.0 / 840 + t * (1.0 / 45360 + t * (1.0 / 3991680))));
    return {quotient, excess, quotient + t * excess};
  }
  const double theta = std::sqrt(t), held = std::fmin(theta, max_argument), quotient = std::sinh(held) / theta;
  const double cosh = theta > max_argument ? 0 : std::cosh(held);
  return {quotient, (cosh - quotient) / t, cosh};
}

/// tanh(sqrt w)/sqrt w and its derivative with respect to w >= 0.
struct TanhQuotient {
  double value, slope;
};

HYPLORA_HOST_DEVICE inline TanhQuotient tanh_quotient(double w) {
  constexpr double series_below = 1e-3;
  if (w < series_below) {
    return {1 + w * (-1.0 / 3 + w * (2.0 / 15 + w * (-17.0 / 315 + w * (62.0 / 2835)))),
            -1.0 / 3 + w * (4.0 / 15 + w * (-51.0 / 315 + w * (248.0 / 2835 + w * (-6910.0 / 155925))))};
  }
  const double root = std::sqrt(w), tanh = std::tanh(root), value = tanh / root;
  return {value, (1 - tanh * tanh - value) / (2 * w)};
}

/// As sinh_quotients, of sinh(g)/th with g = bound tanh(th/bound): smooth, and never above sinh(bound)/th. `cosh` is not set.
HYPLORA_HOST_DEVICE inline SinhQuotients bounded_sinh_quotients(double t, double bound) {
  const TanhQuotient h = tanh_quotient(t / (bound * bound));  // g/th, and its derivative times bound^2
  const double slope = h.slope / (bound * bound), g2 = h.value * h.value * t;
  const SinhQuotients s = sinh_quotients(g2);  // sinh(g)/g; its derivative with respect to g^2 is excess/2
  const double dg2_dt = h.value * (h.value + 2 * slope * t);
  return {h.value * s.quotient, 2 * slope * s.quotient + h.value * s.excess * dg2_dt, 0};
}

/// asinh(sqrt p)/sqrt p and its derivative with respect to p >= 0.
struct AsinhQuotient {
  double value, slope;
};

HYPLORA_HOST_DEVICE inline AsinhQuotient asinh_quotient(double p) {
  constexpr double series_below = 1e-4;  // what the series leaves out is below 1e-16 there
  if (p < series_below) {
    return {1 + p * (-1.0 / 6 + p * (3.0 / 40 + p * (-15.0 / 336))),
            -1.0 / 6 + p * (3.0 / 20 + p * (-45.0 / 336 + p * (420.0 / 3456)))};
  }
  const double root = std::sqrt(p), value = std::asinh(root) / root;
  return {value, (1 / std::sqrt(1 + p) - value) / (2 * p)};
}

}  // namespace hyplora

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
  constexpr double series_below = 1e-2, max_argument = 12.0;
  if (t < series_below) {
    const double quotient = 1 + t * (1.0 / 6 + t * (1.0 / 120 + t * (1.0 / 5040 + t * (1.0 / 362880))));
    const double excess = 1.0 / 3 + t * (1.0 / 30 + t * (1.0 / 840 + t * (1.0 / 45360 + t * (1.0 / 3991680))));
    return {quotient, excess, quotient + t * excess};
  }
  const double theta = std::sqrt(t), held = std::fmin(theta, max_argument), quotient = std::sinh(held) / theta;
  const double cosh = theta > max_argument ? 0 : std::cosh(held);
  return {quotient, (cosh - quotient) / t, cosh};
}

/// asinh(sqrt p)/sqrt p and its derivative with respect to p >= 0.
struct AsinhQuotient {
  double value, slope;
};

HYPLORA_HOST_DEVICE inline AsinhQuotient asinh_quotient(double p) {
  constexpr double series_below = 1e-4;
  if (p < series_below) {
    return {1 + p * (-1.0 / 6 + p * (3.0 / 40 + p * (-15.0 / 336))),
            -1.0 / 6 + p * (3.0 / 20 + p * (-45.0 / 336 + p * (420.0 / 3456)))};
  }
  const double root = std::sqrt(p), value = std::asinh(root) / root;
  return {value, (1 / std::sqrt(1 + p) - value) / (2 * p)};
}

}  // namespace hyplora

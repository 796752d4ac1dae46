// One token's way through the gates, forward and backward, for the CPU and for CUDA. Names as in docs/maths.md:
//
//     forward   u = phi z,  Q = max(u . G u, 0),  scaled = s c u
//     backward  rho = u . P,  eta = 2 s rho dc/dQ,  p = s c P + eta G u,  dz = phi p,  weight = (p . z) (dphi/dn)/n,
//               dL/dk = (p . z) dphi/dk + s rho dc/dk,  dL/dnorm_scale = (p . z) dphi/dnorm_scale
#pragma once

#include <cstdint>

#include "hyperbolic/scalar_functions.h"

namespace hyplora {

struct InnerGate {
  double phi;
  double slope;   // (dphi/dn)/n, n = |x|: finite at 0
  double dk;      // dphi/dk
  double dscale;  // dphi/d norm_scale; 0 where the variant has none
};

struct OuterGate {
  double c;
  double dQ;  // dc/dQ, Q = |y|^2
  double dk;  // dc/dk
};

/// The lengths at which a variant's maps bend, in the units of |x| and |y|; 0 where there is none.
struct GateShape {
  double K = 0;             // curvature parameter as the formula uses it
  double radius = 0;        // of |y|
  double input_radius = 0;  // sinh's argument is |x| over it
  double held_above = 0;    // sinh's argument is held there
  double least_norm = 0;    // |x| is held there
  double flat_below = 0;    // the output's length is constant while |y| is less
};

/// What backward needs of a token.
struct TokenGates {
  InnerGate inner;
  OuterGate outer;
};

template <class Variant, class T>
HYPLORA_HOST_DEVICE void enter_token(const Variant& variant, double norm, int64_t rank, const T* z, TokenGates* record,
                                     double* u) {
  record->inner = variant.inner(norm);
  for (int64_t j = 0; j < rank; ++j) u[j] = record->inner.phi * static_cast<double>(z[j]);
}

template <class Variant, class T>
HYPLORA_HOST_DEVICE void leave_token(const Variant& variant, double scale, int64_t rank, const double* u, const double* Gu,
                                     TokenGates* record, T* scaled) {
  double squared = 0;
  for (int64_t j = 0; j < rank; ++j) squared += u[j] * Gu[j];
  record->outer = variant.outer(squared > 0 ? squared : 0);
  const double factor = scale * record->outer.c;
  for (int64_t j = 0; j < rank; ++j) scaled[j] = static_cast<T>(factor * u[j]);
}

struct TokenGradients {
  double weight, dk, dscale;
};

template <class T>
HYPLORA_HOST_DEVICE TokenGradients back_token(const TokenGates& record, double scale, int64_t rank, const T* P, const T* z,
                                              const double* Gu, T* dz, double* u, double* eta_u) {
  const double phi = record.inner.phi, factor = scale * record.outer.c;
  double rho = 0, pz = 0;
  for (int64_t j = 0; j < rank; ++j) {
    u[j] = phi * static_cast<double>(z[j]);
    rho += u[j] * static_cast<double>(P[j]);
  }
  const double eta = 2 * scale * rho * record.outer.dQ;
  for (int64_t j = 0; j < rank; ++j) {
    const double p = factor * static_cast<double>(P[j]) + eta * Gu[j];
    pz += p * static_cast<double>(z[j]);
    dz[j] = static_cast<T>(phi * p);
    eta_u[j] = eta * u[j];
  }
  return {pz * record.inner.slope, pz * record.inner.dk + scale * rho * record.outer.dk, pz * record.inner.dscale};
}

}  // namespace hyplora

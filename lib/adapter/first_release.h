// hyplora_variant "v1" and "v1_rot": the first release of HypLoRA, with time coordinates. In closed form, with K = |k|,
// kap = sqrt K, e = min(exp(norm_scale), 10), n = |x~|:
//
//     phi = kap sinh(e/kap)/n     T0 = kap cosh(e/kap)     A = [a_t, A_s]
//     u   = phi A_s x~ + T0 a_t   uu = [sqrt(|u|^2 + K); u] (v1) or u (v1_rot)
//     Q   = |B uu|^2 = uu^T (B^T B) uu     out = W x + b + B (s c(Q) uu)
//     c   = kap arccosh(max(sqrt(Q + K)/kap, 1 + 1e-7))/max(sqrt Q, 1e-7);     in fp32 the bound rounds to 1 + 2^-23
//
// The input is normalised to one length e, so that sinh and cosh are the same for all tokens. An input row of zeros has no
// direction: the published code gives NaN, here its space part counts as zero. The gates are float64 (see low_rank.h).
#pragma once

#include "adapter/derived.h"
#include "adapter/dropout.h"
#include "adapter/hyperbolic.h"
#include "model/linear.h"

namespace hyplora {

struct FirstRelease {
  at::Tensor A;                                                 // [r, in + 1] fp32, the time coordinate's column first
  at::Tensor B;                                                 // [out, r + 1] (v1) or [out, r] (v1_rot) fp32
  at::Tensor k, norm_scale;                                     // [] fp32
  double scale = 1;                                             // alpha/r, or alpha/sqrt(r)
  std::shared_ptr<Derived> gram = std::make_shared<Derived>();  // B^T B
};

/// x [T, in] -> [T, out]; `mask` is dropout's.
at::Tensor first_release_linear(const at::Tensor& x, const Linear& base, const FirstRelease& adapter, const Mask& mask = {});

/// What it does to tokens x [T, in], and the lengths at which it bends.
TokenGeometry first_release_geometry(const at::Tensor& x, const FirstRelease& adapter);
GateShape first_release_shape(const FirstRelease& adapter);

}  // namespace hyplora

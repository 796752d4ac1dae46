// A linear layer with a low-rank adapter, base product included, in the fused form (docs/maths.md):
//
//     z = A x~     u = phi(|x~|) z     Q = |B u|^2 = u^T (B^T B) u     out = W x + b + B (s c(Q) u)
//
// x~ is x after dropout. Products run on x itself; the gates cost one number per token; B u is never formed on its own. Without
// gates (LoRA) phi = c = 1. The backward pass is analytic. u^T G u is float64: in float32 it loses |B u| where u lies in a weak
// direction of B.
#pragma once

#include "adapter/derived.h"
#include "adapter/dropout.h"
#include "adapter/hyperbolic.h"
#include "hyperbolic/gates.h"
#include "model/linear.h"

namespace hyplora {

struct LowRank {
  at::Tensor A;                        // [r, in] fp32
  at::Tensor B;                        // [out, r] fp32
  at::Tensor k, norm_scale;            // [] fp32, or undefined
  double scale = 1;                    // alpha/r, or alpha/sqrt(r)
  std::shared_ptr<const Gates> gates;  // null: LoRA
  /// B^T B: the same for all micro-batches of a step, and for all steps of decoding.
  std::shared_ptr<Derived> gram = std::make_shared<Derived>();
};

/// x [T, in] -> [T, out]; `mask` is dropout's.
at::Tensor low_rank_linear(const at::Tensor& x, const Linear& base, const LowRank& adapter, const Mask& mask = {});

/// W + s B A in fp32, on W's device: what low_rank_linear multiplies with where there are no gates. W [out, in].
at::Tensor low_rank_sum(const at::Tensor& weight, const at::Tensor& A, const at::Tensor& B, double scale);

/// What a hyperbolic adapter does to tokens x [T, in], and the lengths at which it bends.
TokenGeometry low_rank_geometry(const at::Tensor& x, const LowRank& adapter);
GateShape low_rank_shape(const LowRank& adapter);

}  // namespace hyplora

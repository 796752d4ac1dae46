// The scalar gates of a hyperbolic low-rank adapter. Exponential and logarithmic map only rescale a vector, so that each
// variant is
//
//     u = phi(|x|) A x          out = base(x) + s c(|B u|^2) B u
//
// with one number phi and one number c per token (docs/maths.md). A variant's struct has these scalar functions (variant_list.h),
// and the same loops over tokens run them on the CPU and on CUDA (token_gates.h). LoRA has no gates.
// Everything is float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "hyperbolic/token_gates.h"

namespace hyplora {

/// What a gate depends on besides the token: the trained scalars, [] fp32 or fp64 (norm_scale undefined where the variant has
/// none), and the input dimension.
struct GateScalars {
  at::Tensor k, norm_scale;
  int64_t in = 0;
};

/// What backward needs of each token: see TokenGates in token_gates.h.
constexpr int64_t gate_record = 7;

/// One pass over some tokens [n]; undefined tensors are not used by the pass. z, scaled, P and dz share one floating type.
struct EnterPass {
  at::Tensor norms, z;    // in: |x| [n] fp32 or fp64, A x [n, r]
  at::Tensor records, u;  // out: [n, gate_record], phi z [n, r] fp64
};
struct LeavePass {
  at::Tensor u, Gu;            // in: [n, r] fp64
  double scale = 1;            // s
  at::Tensor records, scaled;  // out: completed; s c u [n, r]
};
struct BackPass {
  at::Tensor P, z, Gu, records;  // in: g B [n, r], ...
  double scale = 1;
  at::Tensor dz, weight;  // out: [n, r]; [n] fp64: dx += weight * x, from phi's dependence on |x|
  at::Tensor u, eta_u;    // out: [n, r] fp64; dB gains B (eta_u^T u)
  at::Tensor sums;        // out: [n, 2] fp64: each token's dL/dk and dL/dnorm_scale
};

class Gates {
 public:
  virtual ~Gates() = default;
  virtual void enter(const EnterPass& pass, const GateScalars& scalars) const = 0;
  virtual void leave(const LeavePass& pass, const GateScalars& scalars) const = 0;
  virtual void back(const BackPass& pass) const = 0;
  /// The shape of the gates with these scalars, on the CPU.
  virtual GateShape shape(const GateScalars& scalars) const = 0;
  /// The bound on |dL/dk| of one backward pass; 0: none.
  virtual double k_gradient_bound() const = 0;
  virtual bool has_norm_scale() const = 0;
  /// Computes in fp32 even over a half-width base.
  virtual bool wants_fp32() const = 0;
};

}  // namespace hyplora

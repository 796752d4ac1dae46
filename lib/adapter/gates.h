// The scalar gates of a hyperbolic low-rank adapter. Exponential and logarithmic map only rescale a vector, so that each variant is
//
//     u = phi(|x|) A x          out = base(x) + s c(|B u|^2) B u
//
// with one number phi and one number c a token (docs/maths.md). A variant is one Gates: the two functions and their derivatives.
// LoRA has none. All tensors here are float64, one entry a token [T], or scalars [].
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

namespace hyplora {

struct InnerGate {
  at::Tensor phi;     // [T]
  at::Tensor slope;   // (dphi/dn)/n, n = |x|: finite at 0
  at::Tensor dk;      // dphi/dk
  at::Tensor dscale;  // dphi/d norm_scale; undefined where the variant has none
};

struct OuterGate {
  at::Tensor c;   // [T]
  at::Tensor dQ;  // dc/dQ, Q = |y|^2
  at::Tensor dk;  // dc/dk
};

/// What a gate depends on besides the token: the trained scalars and the input dimension.
struct GateScalars {
  at::Tensor k, norm_scale;  // [] float64; norm_scale undefined where the variant has none
  int64_t in = 0;
};

class Gates {
 public:
  virtual ~Gates() = default;
  virtual InnerGate inner(const at::Tensor& norm, const GateScalars& scalars) const = 0;
  virtual OuterGate outer(const at::Tensor& squared, const GateScalars& scalars) const = 0;
  /// The bound on |dL/dk| of one backward pass; 0: none.
  virtual double k_gradient_bound() const { return 0; }
  virtual bool has_norm_scale() const { return false; }
  /// Computes in fp32 even over a half-width base.
  virtual bool wants_fp32() const { return false; }
  /// The stored `lora_k` for the configured initial curvature, and back.
  virtual double stored_k(double curvature) const = 0;
};

/// The paper's equations with one curvature (hyplora_variant "lorentz"); see lorentz.cpp.
std::shared_ptr<const Gates> lorentz_gates();
/// The NeurIPS release as its code computes it (hyplora_variant "release"); see release.cpp.
std::shared_ptr<const Gates> release_gates();

/// sinh(th)/th and (cosh(th) - sinh(th)/th)/th^2 as functions of t = th^2 >= 0, smooth at 0; sinh's argument is clamped at 12, and
/// beyond it cosh counts as 0.
struct SinhQuotients {
  at::Tensor quotient, excess, cosh;
};
SinhQuotients sinh_quotients(const at::Tensor& t);

}  // namespace hyplora

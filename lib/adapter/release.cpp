// hyplora_variant "release": the NeurIPS 2025 release as its code computes it, flat zone and jump included.
//
//     K = softplus(k) + 1e-6, kap = sqrt K, sig = norm_scale, n = max(|x|, 1e-7), th = min(n/(sig kap), 12)
//     phi = kap sinh(th)/n
//     tau = sqrt(Q + 1/K), h = tau/kap, w = h < 1.01 ? sqrt(2 max(h - 1, 1e-6)) : arccosh(h), m = max(sqrt Q, 1e-7)
//     c   = kap w/m
//
// dL/dk is clamped to [-0.01, 0.01] in each backward pass, and everything runs in fp32 whatever the base's type.
#include <ATen/TensorOperators.h>
#include <ATen/ops/acosh.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "adapter/gates.h"

namespace hyplora {
namespace {

constexpr double least_norm = 1e-7, curvature_offset = 1e-6;
constexpr double near_origin = 1.01, least_excess = 1e-6;

struct Curvature {
  at::Tensor K, kap, dkap_dk;  // []
};

Curvature curvature(const at::Tensor& k) {
  // softplus(k) = log(1 + e^k), in the form that does not overflow
  const at::Tensor K = k.clamp_min(0) + (-k.abs()).exp().log1p() + curvature_offset, kap = K.sqrt();
  return {K, kap, k.sigmoid() / (kap * 2)};
}

class Release : public Gates {
 public:
  InnerGate inner(const at::Tensor& norm, const GateScalars& scalars) const override {
    const Curvature curve = curvature(scalars.k);
    const at::Tensor& sig = scalars.norm_scale;
    const at::Tensor n = norm.clamp_min(least_norm), radius2 = sig.square() * curve.K, t = n.square() / radius2;
    const SinhQuotients q = sinh_quotients(t);
    const at::Tensor slope = q.excess / (radius2 * sig);
    return {q.quotient / sig, at::where(norm > least_norm, slope, at::zeros_like(slope)),
            -(q.excess * t) / (sig * curve.kap) * curve.dkap_dk, -q.cosh / sig.square()};
  }

  OuterGate outer(const at::Tensor& squared, const GateScalars& scalars) const override {
    const Curvature curve = curvature(scalars.k);
    const at::Tensor length = squared.sqrt(), m = length.clamp_min(least_norm);
    const at::Tensor tau = (squared + curve.K.reciprocal()).sqrt(), h = tau / curve.kap, excess = h - 1;
    const at::Tensor is_near = h < near_origin, far = h.clamp_min(near_origin), root = (excess.clamp_min(least_excess) * 2).sqrt();
    const at::Tensor w = at::where(is_near, root, far.acosh());
    const at::Tensor near_slope = at::where(excess > least_excess, root.reciprocal(), at::zeros_like(root));
    const at::Tensor dw = at::where(is_near, near_slope, (far.square() - 1).rsqrt());
    const at::Tensor c = curve.kap * w / m;
    const at::Tensor shrink = at::where(length > least_norm, c / (squared.clamp_min(least_norm * least_norm) * 2), at::zeros_like(c));
    const at::Tensor dh_dkap = -(tau * curve.K.square()).reciprocal() - tau / curve.K;
    return {c, dw / (tau * m * 2) - shrink, (w + curve.kap * dw * dh_dkap) / m * curve.dkap_dk};
  }

  double k_gradient_bound() const override { return 0.01; }
  bool has_norm_scale() const override { return true; }
  bool wants_fp32() const override { return true; }
  double stored_k(double curvature) const override { return curvature; }
};

}  // namespace

std::shared_ptr<const Gates> release_gates() { return std::make_shared<Release>(); }

}  // namespace hyplora

// hyplora_variant "lorentz": the paper's equations with one curvature -1/(d K), K = exp(k), on the hyperboloid of radius
// kappa = sqrt(d K):  log0(B A exp0(x)), in closed form
//
//     t = |x|^2 / kappa^2     phi = sinh(min(sqrt t, 12)) / sqrt t
//     p = |y|^2 / kappa^2     c   = asinh(sqrt p) / sqrt p
//
// Both are 1 at 0 and smooth. Derivatives: dphi/dn /n = e/kappa^2 and dphi/dk = -e t/2 with e = (cosh - phi)/t;
// dc/dQ = c'(p)/kappa^2 and dc/dk = -p c'(p) with c'(p) = (1/sqrt(1 + p) - c)/(2 p).
#include <ATen/TensorOperators.h>
#include <ATen/ops/asinh.h>
#include <ATen/ops/cosh.h>
#include <ATen/ops/sinh.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "adapter/gates.h"

namespace hyplora {
namespace {

constexpr double max_argument = 12.0;
constexpr double sinh_series_below = 1e-2, asinh_series_below = 1e-4;

at::Tensor polynomial(const at::Tensor& t, std::initializer_list<double> descending) {
  at::Tensor sum = at::zeros_like(t);
  for (const double coefficient : descending) sum.mul_(t).add_(coefficient);
  return sum;
}

class Lorentz : public Gates {
 public:
  InnerGate inner(const at::Tensor& norm, const GateScalars& scalars) const override {
    const at::Tensor kappa2 = scalars.k.exp() * static_cast<double>(scalars.in), t = norm.square() / kappa2;
    const SinhQuotients q = sinh_quotients(t);
    return {q.quotient, q.excess / kappa2, q.excess * t * -0.5, {}};
  }

  OuterGate outer(const at::Tensor& squared, const GateScalars& scalars) const override {
    const at::Tensor kappa2 = scalars.k.exp() * static_cast<double>(scalars.in), p = squared / kappa2;
    const at::Tensor small = p < asinh_series_below, safe = p.clamp_min(asinh_series_below), root = safe.sqrt();
    const at::Tensor exact = root.asinh() / root;
    const at::Tensor c = at::where(small, polynomial(p, {-15.0 / 336, 3.0 / 40, -1.0 / 6, 1.0}), exact);
    const at::Tensor exact_slope = ((safe + 1).rsqrt() - exact) / (safe * 2);
    const at::Tensor slope = at::where(small, polynomial(p, {105.0 * 4 / 3456, -45.0 / 336, 3.0 / 20, -1.0 / 6}), exact_slope);
    return {c, slope / kappa2, -p * slope};
  }

  double stored_k(double curvature) const override { return std::log(curvature); }
};

}  // namespace

SinhQuotients sinh_quotients(const at::Tensor& t) {
  const at::Tensor small = t < sinh_series_below, clamped = t > max_argument * max_argument;
  const at::Tensor safe = t.clamp_min(sinh_series_below), theta = safe.sqrt(), held = theta.clamp_max(max_argument);
  const at::Tensor cosh = at::where(clamped, at::zeros_like(t), held.cosh());
  const at::Tensor quotient = held.sinh() / theta;
  return {at::where(small, polynomial(t, {1.0 / 362880, 1.0 / 5040, 1.0 / 120, 1.0 / 6, 1.0}), quotient),
          at::where(small, polynomial(t, {1.0 / 3991680, 1.0 / 45360, 1.0 / 840, 1.0 / 30, 1.0 / 3}), (cosh - quotient) / safe),
          at::where(small, t.sqrt().cosh(), cosh)};
}

std::shared_ptr<const Gates> lorentz_gates() { return std::make_shared<Lorentz>(); }

}  // namespace hyplora

#include "adapter/linear_fit.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/mm.h>

#include <algorithm>

namespace hyplora {
namespace {

/// Against directions that no token has; relative to the mean square of z.
constexpr double ridge = 1e-12;

void add_to(at::Tensor& sum, const at::Tensor& part) { sum = sum.defined() ? sum + part : part; }

}  // namespace

void LinearFit::add(const TokenGeometry& tokens) {
  add_to(zz_, at::mm(tokens.z.t(), tokens.z));
  add_to(zc_, at::mm(tokens.z.t(), tokens.codes));
  add_to(cc_, at::mm(tokens.codes.t(), tokens.codes));
}

at::Tensor LinearFit::map() const {
  const double mean = zz_.trace().item<double>() / static_cast<double>(zz_.size(0));
  const at::Tensor held = zz_ + at::eye(zz_.size(0), zz_.options()) * std::max(ridge * mean, 1e-300);
  return at::linalg_solve(held, zc_).t();
}

double LinearFit::unexplained(const at::Tensor& B) const {
  const at::Tensor G = at::mm(B.t(), B);
  const double whole = (G * cc_).sum().item<double>();
  if (whole <= 0) return 0;
  const at::Tensor W = map(), cross = at::mm(W, zc_), own = at::mm(at::mm(W, zz_), W.t());
  const double left = (G * (cc_ - cross - cross.t() + own)).sum().item<double>();
  return std::clamp(left / whole, 0.0, 1.0);
}

}  // namespace hyplora

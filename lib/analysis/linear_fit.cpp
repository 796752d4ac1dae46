#include "analysis/linear_fit.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

namespace hyplora {
namespace {

/// Against directions that no token has; relative to the mean square.
constexpr double least_ridge = 1e-12;

void add_to(at::Tensor& sum, const at::Tensor& part) { sum = sum.defined() ? sum.add_(part) : part.clone(); }

/// S with `ridge` on its diagonal.
at::Tensor held(const at::Tensor& S, double ridge) { return S + at::eye(S.size(0), S.options()) * std::max(ridge, 1e-300); }

/// Sums x^T x, once for the adapters that read one input.
class Inputs {
 public:
  void see(const at::Tensor& x) {
    if (last_.defined() && x.is_same(last_)) return;
    last_ = x;
    wide_ = x.to(at::kDouble);
    product_ = at::mm(wide_.t(), wide_);
  }
  const at::Tensor& wide() const { return wide_; }
  const at::Tensor& product() const { return product_; }

 private:
  at::Tensor last_, wide_, product_;
};

/// The tokens of one adapter, those at the bound in a fit of their own.
struct TwoFits {
  LinearFit others, bound;

  void add(const HyperbolicAdapter& adapter, const at::Tensor& x, const Inputs& inputs, AtBound at_bound) {
    const TokenGeometry tokens = adapter.geometry(x);
    const at::Tensor held = hyplora::at_bound(adapter.shape(), tokens.x_norms);
    if (at_bound == AtBound::counts || !held.any().item<bool>()) return others.add(tokens, inputs.wide(), inputs.product());
    for (const bool is_held : {false, true}) {
      const at::Tensor which = (is_held ? held : held.logical_not()).nonzero().squeeze(1);
      const at::Tensor some = inputs.wide().index_select(0, which);
      TokenGeometry part;
      part.codes = tokens.codes.index_select(0, which);
      if (which.numel() > 0) (is_held ? bound : others).add(part, some, at::mm(some.t(), some));
    }
  }
  LinearFit solved(const HyperbolicAdapter& adapter) {
    LinearFit& fit = others.tokens() > 0 ? others : bound;
    fit.solve(adapter.inner(), adapter.outer());
    return std::move(fit);
  }
};

/// |B v|^2 of each row of `v`.
at::Tensor squares(const at::Tensor& v, const at::Tensor& B) { return at::mm(v, B.t()).square().sum(1); }

}  // namespace

at::Tensor at_bound(const GateShape& shape, const at::Tensor& x_norms) {
  return x_norms > (shape.held_above > 0 ? shape.held_above * shape.input_radius : INFINITY);
}

void LinearFit::add(const TokenGeometry& tokens, const at::Tensor& x, const at::Tensor& xx) {
  tokens_ += x.size(0);
  add_to(xx_, xx);
  add_to(xc_, at::mm(x.t(), tokens.codes));
  add_to(cc_, at::mm(tokens.codes.t(), tokens.codes));
}

void LinearFit::solve(const at::Tensor& A, const at::Tensor& B) {
  const at::Tensor xz = at::mm(xx_, A.t()), zz = at::mm(A, xz);
  const double mean_z = zz.trace().item<double>() / static_cast<double>(zz.size(0)),
               mean_x = xx_.trace().item<double>() / static_cast<double>(std::max<int64_t>(tokens_, 1));
  const at::Tensor W = at::linalg_solve(held(zz, least_ridge * mean_z), at::mm(A, xc_));
  const at::Tensor N = at::linalg_solve(held(xx_, mean_x), xc_ - at::mm(xz, W));
  map_ = at::mm(W.t(), A) + N.t();
  spread_ = at::mm(map_, at::mm(xx_, map_.t()));
  const at::Tensor G = at::mm(B.t(), B), cross = at::mm(map_, xc_);
  const double whole = (G * cc_).sum().item<double>(), left = (G * (cc_ - cross - cross.t() + spread_)).sum().item<double>();
  unexplained_ = whole > 0 ? std::clamp(left / whole, 0.0, 1.0) : 0;
  xx_ = xc_ = cc_ = at::Tensor();
}

at::Tensor LinearFit::unexplained_of(const TokenGeometry& tokens, const at::Tensor& x, const at::Tensor& B) const {
  const at::Tensor whole = squares(tokens.codes, B), left = squares(tokens.codes - at::mm(x, map_.t()), B);
  return at::where(whole > 0, (left / whole).clamp(0, 1), at::zeros_like(whole));
}

std::vector<LinearFit> fit_linear_maps(Transformer& model, const std::vector<Observed>& adapters,
                                       const std::vector<Example>& rows, AtBound at_bound, int64_t bytes_at_a_time) {
  std::vector<LinearFit> fits(adapters.size());
  std::vector<TwoFits> sums(adapters.size());
  for (size_t first = 0, last = 0; first < adapters.size(); first = last) {
    for (int64_t bytes = 0; last < adapters.size() && (last == first || bytes < bytes_at_a_time); ++last) {
      const int64_t in = adapters[last].adapter->inner().size(1);
      bytes += 8 * in * in;
    }
    Inputs inputs;
    observe(model, rows, [&](size_t i, const at::Tensor& x) {
      if (i < first || i >= last) return;
      inputs.see(x);
      sums[i].add(*adapters[i].adapter, x, inputs, at_bound);
    });
    for (size_t i = first; i < last; ++i) {
      fits[i] = sums[i].solved(*adapters[i].adapter);
      sums[i] = {};
    }
  }
  return fits;
}

}  // namespace hyplora

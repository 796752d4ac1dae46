// The linear map that comes nearest to a hyperbolic adapter on given tokens, by least squares in the adapter's own r
// dimensions: with z = A x and the codes that B is applied to,
//
//     min_W  sum_t |B (codes_t - W z_t)|^2          W = (sum codes z^T)(sum z z^T + ridge)^-1
//
// so that x -> B W A x is LoRA of the same rank. Sums are float64.
#pragma once

#include "adapter/hyperbolic.h"

namespace hyplora {

class LinearFit {
 public:
  void add(const TokenGeometry& tokens);

  /// W [columns of B, r].
  at::Tensor map() const;
  /// The share of sum |B codes|^2 that B W z leaves, between 0 and 1; 0 where there is nothing to explain.
  double unexplained(const at::Tensor& B) const;
  /// sum z z^T [r, r].
  const at::Tensor& inputs() const { return zz_; }

 private:
  at::Tensor zz_, zc_, cc_;
};

}  // namespace hyplora

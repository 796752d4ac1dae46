// The linear map of x that comes nearest to a hyperbolic adapter on given tokens. What the adapter adds is B codes(x), so that
// the map is B M with M [columns of B, d] from a least-squares problem with d unknowns per row. It is solved in two steps, both
// in float64:
//
//     min_W  sum |codes - W z|^2,  z = A x                                  r unknowns per row
//     min_N  sum |codes - W z - N x|^2 + lambda |N|^2                       M = W A + N,  lambda = mean |x|^2
//
// lambda is what one token weighs: with many tokens for each of the d dimensions M is the least-squares map of x, with few of
// them it stays near the one that reads the adapter's own z.
#pragma once

#include "adapter/observe.h"

namespace hyplora {

class LinearFit {
 public:
  /// x [T, in] float64 and its x^T x, which adapters on one input share.
  void add(const TokenGeometry& tokens, const at::Tensor& x, const at::Tensor& xx);
  /// `A` makes z, `B` [out, columns]. Drops the sums.
  void solve(const at::Tensor& A, const at::Tensor& B);

  const at::Tensor& map() const { return map_; }
  /// sum (M x)(M x)^T [columns, columns].
  const at::Tensor& spread() const { return spread_; }
  /// The share of sum |B codes|^2 that B M x leaves, between 0 and 1; 0 where there is nothing to explain.
  double unexplained() const { return unexplained_; }
  /// The share of |B codes|^2 that B M x leaves of each token [T], as above. `x` [T, in] float64.
  at::Tensor unexplained_of(const TokenGeometry& tokens, const at::Tensor& x, const at::Tensor& B) const;
  int64_t tokens() const { return tokens_; }

 private:
  int64_t tokens_ = 0;
  at::Tensor xx_, xc_, cc_;
  at::Tensor map_, spread_;
  double unexplained_ = 0;
};

/// Which of T tokens meet sinh's bound, bool [T]. There the output is as large as it can be, up to e^12 times the others', so that a sum of
/// squares is theirs alone.
at::Tensor at_bound(const GateShape& shape, const at::Tensor& x_norms);

/// Tokens at the bound in a fit.
enum class AtBound { counts, stays_out };  // stays_out: as long as there are others

/// One fit for each of the model's hyperbolic adapters. The rows run several times where the sums of all adapters take more
/// than `bytes_at_a_time`.
std::vector<LinearFit> fit_linear_maps(Transformer& model, const std::vector<Observed>& adapters,
                                       const std::vector<Example>& rows, AtBound at_bound = AtBound::counts,
                                       int64_t bytes_at_a_time = int64_t{2} << 30);

}  // namespace hyplora

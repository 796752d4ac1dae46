// What a hyperbolic low-rank adapter does to each token, for those who measure it: every variant is
//
//     out = base(x) + B codes(x)          codes = s c u, from z = A x and a few lengths
#pragma once

#include "hyperbolic/token_gates.h"
#include "model/linear.h"

namespace hyplora {

/// What an adapter makes of T tokens, float64.
struct TokenGeometry {
  at::Tensor z;        // A x [T, r]; without the first release's time column
  at::Tensor codes;    // what B is applied to, [T, columns of B]
  at::Tensor x_norms;  // |x| [T]; where the variant gives every input one length, that length
  at::Tensor y_norms;  // |y| = |B u| [T]
};

class HyperbolicAdapter : public LinearAdapter {
 public:
  virtual TokenGeometry geometry(const at::Tensor& x) const = 0;
  virtual GateShape shape() const = 0;
  /// A, which makes z, [r, in] float64.
  virtual at::Tensor inner() const = 0;
  /// B, which is applied to the codes, [out, columns] float64.
  virtual at::Tensor outer() const = 0;
  /// The trained scalar, or nothing where the variant has none.
  virtual std::optional<double> norm_scale() const = 0;
};

}  // namespace hyplora

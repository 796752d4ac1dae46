// An adapter that is linear in its input: a weight stands for base and adapter together.
#pragma once

#include "model/linear.h"

namespace hyplora {

class FoldableAdapter : public LinearAdapter {
 public:
  /// W' [out, in] in fp32: without dropout, W' x is what `forward` adds the bias to over the base weight W [out, in].
  virtual at::Tensor merged(const at::Tensor& weight) const = 0;
};

}  // namespace hyplora

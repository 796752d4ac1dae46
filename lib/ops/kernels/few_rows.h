// y = x W^T for a handful of rows x. The sums of a row do not depend on how many others stand beside it.
#pragma once

#include "ops/kernels/kernel.h"

namespace hyplora::ops::kernels {

template <class X, class W>
struct Product {
  const X* x;  // [tokens, in]
  const W* weight;
  int64_t tokens, in, out;
  float* y;   // [tokens, out]
  bool adds;  // to what y holds
};

/// Rows [begin, end) of the weights. X and W: float or Bf16.
template <CpuUnits units, class X, class W>
void few_rows(const Product<X, W>& product, int64_t begin, int64_t end);

}  // namespace hyplora::ops::kernels

// Per-row scalars of [T, width]: the norms that the hyperbolic gates read, and the pass that puts their gradient back.
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// |x_t| for each row of x [T, width], summed in fp32 (fp64 for fp64) -> [T] float64.
at::Tensor row_norms(const at::Tensor& x);

/// dx += weights * x, one weight a row: weights [T] float64, x and dx [T, width] of one type.
void add_weighted_rows(at::Tensor& dx, const at::Tensor& x, const at::Tensor& weights);

}  // namespace hyplora::ops

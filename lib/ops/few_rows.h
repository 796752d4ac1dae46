// y = x W^T for a handful of rows x, as decoding needs it: the weights stream from memory once, each used for all rows while it is in a
// register. A general product packs the weights first, which for eight rows costs more than the product.
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// Whether this form is the faster one: on the CPU, up to 32 rows, contiguous weights in fp32, or in bf16 where the machine has no units
/// for it (where it has, the library's own product streams them as fast).
bool has_few_rows(const at::Tensor& x, const at::Tensor& weight);

/// x [T, in], weight [out, in] -> [T, out] in x's type; sums in fp32, in an order that does not depend on T.
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight);

}  // namespace hyplora::ops

// y = x W^T for a handful of rows on the CPU, as decoding has them: the weights stream from memory once, each used for all rows
// while it is in a register. A general product packs the weights first, which for eight rows costs more than the product.
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// Whether this form is the faster one: on the CPU, up to 32 rows, contiguous weights, both fp32 or bf16.
bool has_few_rows(const at::Tensor& x, const at::Tensor& weight);

/// x [T, in], weight [out, in] -> [T, out] fp32, summed in fp32 in an order that does not depend on T.
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight);
/// The same, added to y [T, out] fp32, contiguous.
void add_few_rows_product(at::Tensor& y, const at::Tensor& x, const at::Tensor& weight);

}  // namespace hyplora::ops

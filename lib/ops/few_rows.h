// What decoding does with a handful of rows on the CPU.
//
// y = x W^T: the weights stream from memory once, each used for all rows while it is in a register. A general product packs the
// weights first, which for eight rows costs more than the product. softmax(q k^T scale) v of one new token a row: all rows'
// heads side by side in one call, in fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "ops/attention.h"

namespace hyplora::ops {

/// Whether this form is the faster one: on the CPU, up to 32 rows, contiguous weights in fp32, or in bf16 where the machine has
/// no units for it (where it has, the library's own product streams them as fast).
bool has_few_rows(const at::Tensor& x, const at::Tensor& weight);

/// x [T, in], weight [out, in] -> [T, out] in x's type; sums in fp32, in an order that does not depend on T.
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight);

/// Keys and values of one row, [S, kv_heads * head_dim], equal strides, the new token last.
using KeysAndValues = std::pair<at::Tensor, at::Tensor>;

/// Whether it serves: on the CPU, fp32 or bf16, head_dim a multiple of 16.
bool has_decode_attention(const at::Tensor& q, const AttentionShape& shape);

/// q [N, heads * head_dim], one new token of each of N rows -> [N, heads * head_dim]. No gradients.
at::Tensor decode_attention(const at::Tensor& q, const std::vector<KeysAndValues>& past, const AttentionShape& shape);

}  // namespace hyplora::ops

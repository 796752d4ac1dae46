// softmax(q k^T * scale) v of the newest tokens of several rows over their caches: all rows' heads side by side in one call, in
// fp32, on the CPU. A row's new tokens may branch (beam search): each then sees keys of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "ops/attention.h"

namespace hyplora::ops {

/// Whether it serves: on the CPU, fp32 or bf16, head_dim a multiple of 16.
bool has_decode_attention(const at::Tensor& q, const AttentionShape& shape);

/// q [N, heads * head_dim], the rows' new tokens one after the other (one of each row that has no branches) -> [N, heads * head_dim]. No gradients.
at::Tensor decode_attention(const at::Tensor& q, const std::vector<CachedRow>& rows, const AttentionShape& shape);

}  // namespace hyplora::ops

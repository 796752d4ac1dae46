// Attention of packed rows:  softmax(q k^T * scale, causal, within the window) v, each row for itself.
//
// On the CPU the work is cut into blocks of queries that meet only the keys they can see, on fp32 copies of a block, so that
// nothing of size L x L is kept (Dao 2023, arXiv 2307.08691, "FlashAttention-2"; the backward pass computes the probabilities
// again). Elsewhere it is LibTorch's scaled_dot_product_attention, row by row.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hyplora::ops {

struct AttentionShape {
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 0;    // of the scores
  int64_t window = 0;  // a token sees itself and the window - 1 before it; 0: all before it
};

/// q [T, heads * head_dim], k, v [T, kv_heads * head_dim], rows of `lengths` tokens that sum to T -> [T, heads * head_dim].
at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& lengths,
                            const AttentionShape& shape);

/// New tokens of a row that continue different ones of its tokens, all at one position: each sees the first `common` keys and,
/// of those behind, its own, itself last.
struct Branches {
  int64_t common = 0;
  std::vector<std::vector<int64_t>> own;  // of each new token: places in the row, ascending
};

/// One row's keys and values, [S, kv_heads * head_dim] each, the new tokens' last. Without branches each new token sees all
/// before it. The first `lead` keys are no tokens: all see them, and the branches' places do not count them.
struct CachedRow {
  at::Tensor keys, values;
  const Branches* branches = nullptr;
  int64_t lead = 0;
  at::Tensor seen = {};  // what branches_mask says, where it lies with the keys already
};

/// Which of a row's `keys` keys, `lead` of them first, each branch sees: bool [L, keys] on the CPU.
at::Tensor branches_mask(const Branches& branches, int64_t keys, int64_t lead, int64_t window);

/// q [L, heads * head_dim], a row's newest L tokens -> [L, heads * head_dim].
at::Tensor attention(const at::Tensor& q, const CachedRow& row, const AttentionShape& shape);

}  // namespace hyplora::ops

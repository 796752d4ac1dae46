#include "ops/attention.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <limits>

#include "ops/kept.h"

namespace hyplora::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t most_block_rows = 384;        // queries x heads of a block: enough for the products to run at their peak
constexpr int64_t most_block_scores = 1 << 18;  // a megabyte of fp32: about a core's level-2 cache
constexpr double hidden = -std::numeric_limits<double>::infinity();

at::ScalarType wide_type(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

/// Some queries of a row and the keys that they see, numbered within the row.
struct Block {
  int64_t first_query, queries, first_key, keys;
};

std::vector<Block> blocks_of(int64_t length, int64_t most_queries, int64_t window) {
  std::vector<Block> blocks;
  for (int64_t first = 0; first < length; first += most_queries) {
    const int64_t queries = std::min(most_queries, length - first);
    const int64_t first_key = window > 0 ? std::max<int64_t>(0, first - window + 1) : 0;
    blocks.push_back({first, queries, first_key, first + queries - first_key});
  }
  return blocks;
}

/// One row and one key head: its slices of the packed tensors.
struct RowHead {
  const AttentionShape& shape;
  int64_t first, length, kv_head;

  int64_t group() const { return shape.heads / shape.kv_heads; }
  int64_t block_queries() const {
    return std::max<int64_t>(1, std::min(most_block_rows, most_block_scores / length) / group());
  }

  /// Of k, v and their gradients: [length, head_dim].
  at::Tensor keys(const at::Tensor& x) const {
    return x.narrow(0, first, length).narrow(1, kv_head * shape.head_dim, shape.head_dim);
  }
  /// Of q and what has its shape: [group, queries, head_dim], the heads that share this key head.
  at::Tensor queries(const at::Tensor& x, const Block& block) const {
    const int64_t width = group() * shape.head_dim;
    const at::Tensor rows = x.narrow(0, first + block.first_query, block.queries).narrow(1, kv_head * width, width);
    return rows.view({block.queries, group(), shape.head_dim}).transpose(0, 1);
  }
  /// The same, wide and contiguous: [group * queries, head_dim].
  at::Tensor wide_queries(const at::Tensor& x, const Block& block) const {
    return queries(x, block).to(wide_type(x)).reshape({group() * block.queries, shape.head_dim});
  }
};

at::Tensor seen(const at::Tensor& keys, const Block& block) { return keys.narrow(0, block.first_key, block.keys); }

/// Hides from each query of the block the keys after it and those beyond the window; scores [group * queries, keys].
void hide_unseen(at::Tensor& scores, const Block& block, int64_t window, const at::Tensor& later) {
  at::Tensor heads = scores.view({-1, block.queries, block.keys});
  heads.narrow(2, block.first_query - block.first_key, block.queries)
      .add_(later.narrow(0, 0, block.queries).narrow(1, 0, block.queries));
  const int64_t lost = block.first_query - window - block.first_key;  // the newest key that the first query no longer sees
  if (window > 0 && lost + block.queries > 0)
    heads.add_(at::full({block.queries, block.keys}, hidden, scores.options()).tril_(lost));
}

at::Tensor probabilities(const at::Tensor& queries, const at::Tensor& keys, const Block& block, const AttentionShape& shape,
                         const at::Tensor& later) {
  at::Tensor scores = at::mm(queries, seen(keys, block).t()).mul_(shape.scale);
  hide_unseen(scores, block, shape.window, later);
  return at::softmax_out(scores, scores, -1);
}

/// -inf above the diagonal, for the largest block.
at::Tensor later_keys(const at::Tensor& q, const RowHead& row) {
  const int64_t size = row.block_queries();
  return at::full({size, size}, hidden, q.options().dtype(wide_type(q))).triu_(1);
}

/// Calls work(row head) for every row and key head, side by side.
template <class Work>
void for_row_heads(const std::vector<int64_t>& lengths, const AttentionShape& shape, Work work) {
  std::vector<RowHead> parts;
  int64_t first = 0;
  for (const int64_t length : lengths) {
    for (int64_t head = 0; head < shape.kv_heads; ++head) parts.push_back({shape, first, length, head});
    first += length;
  }
  at::parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) work(parts[static_cast<size_t>(i)]);
  });
}

void forward_part(const RowHead& row, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& out) {
  const at::Tensor keys = row.keys(k).to(wide_type(k)), values = row.keys(v).to(wide_type(v)), later = later_keys(q, row);
  for (const Block& block : blocks_of(row.length, row.block_queries(), row.shape.window)) {
    const at::Tensor p = probabilities(row.wide_queries(q, block), keys, block, row.shape, later);
    row.queries(out, block).copy_(at::mm(p, seen(values, block)).view({row.group(), block.queries, row.shape.head_dim}));
  }
}

struct Gradients {
  at::Tensor dq, dk, dv;
};

/// With P the probabilities and dP = dO V^T: dV = P^T dO, dS = P (dP - rowsum(dO O)) scale, dQ = dS K, dK = dS^T Q.
void backward_part(const RowHead& row, const variable_list& saved, const at::Tensor& grad, Gradients& to) {
  const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], later = later_keys(q, row);
  const at::Tensor keys = row.keys(k).to(wide_type(k)), values = row.keys(v).to(wide_type(v));
  at::Tensor dk = at::zeros(keys.sizes(), keys.options()), dv = at::zeros(keys.sizes(), keys.options());
  for (const Block& block : blocks_of(row.length, row.block_queries(), row.shape.window)) {
    const at::Tensor queries = row.wide_queries(q, block), g = row.wide_queries(grad, block);
    const at::Tensor projection = (g * row.wide_queries(out, block)).sum(1, true);
    const at::Tensor p = probabilities(queries, keys, block, row.shape, later);
    seen(dv, block).addmm_(p.t(), g);
    const at::Tensor ds = at::mm(g, seen(values, block).t()).sub_(projection).mul_(p).mul_(row.shape.scale);
    row.queries(to.dq, block).copy_(at::mm(ds, seen(keys, block)).view({row.group(), block.queries, row.shape.head_dim}));
    seen(dk, block).addmm_(ds.t(), queries);
  }
  row.keys(to.dk).copy_(dk);
  row.keys(to.dv).copy_(dv);
}

/// What the backward pass needs besides the tensors.
struct Rows {
  std::vector<int64_t> lengths;
  AttentionShape shape;
};

class PackedAttention : public torch::autograd::Function<PackedAttention> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<Rows> rows) {
    at::Tensor out = at::empty(q.sizes(), q.options());
    for_row_heads(rows->lengths, rows->shape, [&](const RowHead& row) { forward_part(row, q, k, v, out); });
    context->save_for_backward({q, k, v, out});
    keep<Rows>(context, rows);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto rows = kept<Rows>(context);
    const auto like = [](const at::Tensor& x) { return at::empty(x.sizes(), x.options()); };
    Gradients to{like(saved[0]), like(saved[1]), like(saved[2])};
    for_row_heads(rows->lengths, rows->shape, [&](const RowHead& row) { backward_part(row, saved, grads[0], to); });
    return {to.dq, to.dk, to.dv, {}};
  }
};

/// [L, heads * head_dim] -> [groups, kv_heads, L, head_dim]: the query heads that share a key head lie along the batch, so that
/// keys and values are expanded there without a copy.
at::Tensor grouped(const at::Tensor& x, int64_t kv_heads, int64_t head_dim) {
  return x.view({x.size(0), kv_heads, -1, head_dim}).permute({2, 1, 0, 3});
}

}  // namespace

at::Tensor branches_mask(const Branches& branches, int64_t keys, int64_t lead, int64_t window) {
  const int64_t length = static_cast<int64_t>(branches.own.size()), common = lead + branches.common;
  at::Tensor seen = at::zeros({length, keys}, at::kBool);
  for (int64_t i = 0; i < length; ++i) {
    const auto& own = branches.own[static_cast<size_t>(i)];
    const auto all = common + static_cast<int64_t>(own.size());
    const int64_t skipped = window > 0 ? std::max<int64_t>(0, all - window) : 0, oldest = std::min(skipped, common);
    bool* line = seen.data_ptr<bool>() + i * keys;
    std::fill(line + oldest, line + common, true);
    for (auto place = own.begin() + (skipped - oldest); place != own.end(); ++place) line[lead + *place] = true;
  }
  return seen;
}

namespace {

/// Which keys each query sees, [L, S]; nothing where it is all of them or causal from the first.
std::optional<at::Tensor> visible(int64_t length, const CachedRow& row, int64_t window, const at::Tensor& q) {
  const int64_t keys = row.keys.size(0);
  if (row.seen.defined()) return row.seen;
  if (row.branches != nullptr) return branches_mask(*row.branches, keys, row.lead, window).to(q.device());
  const bool windowed = window > 0 && window < keys;
  if (length == 1 && !windowed) return std::nullopt;
  at::Tensor mask = at::ones({length, keys}, q.options().dtype(at::kBool)).tril_(keys - length);
  return windowed ? mask.triu_(keys - length - window + 1) : mask;
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const CachedRow& row, const AttentionShape& shape) {
  const int64_t length = q.size(0), keys = row.keys.size(0), groups = shape.heads / shape.kv_heads;
  const at::Tensor queries = grouped(q, shape.kv_heads, shape.head_dim);
  const auto shared = [&](const at::Tensor& x) {
    return grouped(x, shape.kv_heads, shape.head_dim).expand({groups, shape.kv_heads, keys, shape.head_dim});
  };
  const bool causal = row.branches == nullptr && length > 1 && keys == length && (shape.window == 0 || shape.window >= keys);
  const auto mask = causal ? std::nullopt : visible(length, row, shape.window, q);
  const at::Tensor mixed =
      at::scaled_dot_product_attention(queries, shared(row.keys), shared(row.values), mask, 0.0, causal, shape.scale);
  return mixed.permute({2, 1, 0, 3}).reshape({length, shape.heads * shape.head_dim});
}

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& lengths,
                            const AttentionShape& shape) {
  if (q.device().is_cpu()) return PackedAttention::apply(q, k, v, std::make_shared<Rows>(Rows{lengths, shape}));
  const auto qs = q.split_with_sizes(lengths), ks = k.split_with_sizes(lengths), vs = v.split_with_sizes(lengths);
  std::vector<at::Tensor> mixed;
  for (size_t row = 0; row < lengths.size(); ++row) mixed.push_back(attention(qs[row], {ks[row], vs[row]}, shape));
  return at::cat(mixed);
}

}  // namespace hyplora::ops

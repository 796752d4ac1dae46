#include "ops/decode_attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

#include "ops/kernel_call.h"
#include "ops/kernels/decode_attention.h"

namespace hyplora::ops {
namespace {

/// A new token: its row, and which of the row's slots it sees, oldest first.
struct Query {
  const CachedRow* row;
  std::vector<int64_t> slots;
};

/// The newest `window` (0: all) of `common` places and, behind `lead`, its own.
Query query_of(const CachedRow& row, int64_t common, const std::vector<int64_t>& own, int64_t window) {
  const auto all = common + static_cast<int64_t>(own.size()), skipped = window > 0 ? std::max<int64_t>(0, all - window) : 0;
  Query query{&row, std::vector<int64_t>(static_cast<size_t>(std::max<int64_t>(0, common - skipped)))};
  std::iota(query.slots.begin(), query.slots.end(), skipped);
  for (auto place = own.begin() + std::max<int64_t>(0, skipped - common); place != own.end(); ++place)
    query.slots.push_back(row.lead + *place);
  return query;
}

std::vector<Query> queries_of(const std::vector<CachedRow>& rows, int64_t window) {
  std::vector<Query> queries;
  for (const CachedRow& row : rows) {
    if (row.branches == nullptr) {
      queries.push_back(query_of(row, row.keys.size(0), {}, window));
    } else {
      for (const auto& own : row.branches->own) queries.push_back(query_of(row, row.lead + row.branches->common, own, window));
    }
  }
  return queries;
}

template <class T>
void attend_rows(const at::Tensor& q, const std::vector<Query>& queries, const AttentionShape& shape, const at::Tensor& out) {
  const int64_t group = shape.heads / shape.kv_heads, width = shape.heads * shape.head_dim;
  at::parallel_for(0, q.size(0) * shape.kv_heads, 4, [&](int64_t begin, int64_t end) {
    std::vector<float> scores;
    for (int64_t i = begin; i < end; ++i) {
      const Query& query = queries[static_cast<size_t>(i / shape.kv_heads)];
      const int64_t head = i % shape.kv_heads, start = i / shape.kv_heads * width + head * group * shape.head_dim;
      scores.resize(std::max(scores.size(), query.slots.size()));
      const kernels::SharedHead<T> work{numbers<float>(q) + start,
                                        numbers<T>(query.row->keys) + head * shape.head_dim,
                                        numbers<T>(query.row->values) + head * shape.head_dim,
                                        query.slots.data(),
                                        static_cast<int64_t>(query.slots.size()),
                                        group,
                                        shape.head_dim,
                                        query.row->keys.stride(0),
                                        static_cast<float>(shape.scale),
                                        writable<float>(out) + start};
      with_units(cpu_units(), [&]<CpuUnits units>() { kernels::attend_head<units>(work, scores.data()); });
    }
  });
}

}  // namespace

bool has_decode_attention(const at::Tensor& q, const AttentionShape& shape) {
  const bool typed = q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16;
  return q.device().is_cpu() && typed && shape.head_dim % kernels::lanes == 0;
}

at::Tensor decode_attention(const at::Tensor& q, const std::vector<CachedRow>& rows, const AttentionShape& shape) {
  const at::Tensor wide = q.to(at::kFloat).contiguous();
  at::Tensor out = at::empty(wide.sizes(), wide.options());
  const auto queries = queries_of(rows, shape.window);
  with_number(q, [&]<class T>() { attend_rows<T>(wide, queries, shape, out); });
  return out.to(q.scalar_type());
}

}  // namespace hyplora::ops

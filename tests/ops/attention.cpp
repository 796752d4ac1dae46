// Attention's value and gradients against the plain formula under autograd, in float64.
#include "ops/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include <numeric>

#include "ops/decode_attention.h"
#include "support/support.h"

namespace hyplora {
namespace {

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

/// softmax(q k^T * scale) v head by head, the last L of S keys being q's own.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const ops::AttentionShape& s) {
  const int64_t length = q.size(0), keys = k.size(0);
  at::Tensor seen = at::ones({length, keys}, at::kBool).tril(keys - length);
  if (s.window > 0) seen = seen.triu(keys - length - s.window + 1);
  std::vector<at::Tensor> heads;
  for (int64_t h = 0; h < s.heads; ++h) {
    const int64_t kv = h / (s.heads / s.kv_heads);
    const auto part = [&](const at::Tensor& x, int64_t i) { return x.narrow(1, i * s.head_dim, s.head_dim); };
    const at::Tensor scores = at::matmul(part(q, h), part(k, kv).t()) * s.scale;
    heads.push_back(at::matmul(scores.masked_fill(seen.logical_not(), -INFINITY).softmax(-1), part(v, kv)));
  }
  return at::cat(heads, 1);
}

std::vector<at::Tensor> inputs(int64_t length, int64_t keys, const ops::AttentionShape& s) {
  return {random({length, s.heads * s.head_dim}), random({keys, s.kv_heads * s.head_dim}),
          random({keys, s.kv_heads * s.head_dim})};
}

TEST_CASE("attention is causal, keeps to its window and shares key heads in groups", "[ops]") {
  for (const int64_t window : {0, 1, 3, 100}) {
    for (const ops::AttentionShape shape :
         {ops::AttentionShape{4, 4, 8, 0.35, window}, {4, 2, 8, 0.2, window}, {6, 1, 4, 0.5, window}}) {
      for (const auto& [length, keys] : {std::pair<int64_t, int64_t>{5, 5}, {1, 1}, {1, 6}, {3, 7}}) {
        INFO(shape.heads << " heads, " << shape.kv_heads << " key heads, " << length << " queries, " << keys << " keys, window "
                         << window);
        test::check_same(
            [&](const auto& in) {
              return ops::attention(in[0], {in[1], in[2]}, shape);
            },
            [&](const auto& in) { return plain_attention(in[0], in[1], in[2], shape); }, inputs(length, keys, shape));
      }
    }
  }
}

TEST_CASE("packed_attention is each row's attention, over several blocks of queries and any window", "[ops]") {
  const std::vector<int64_t> lengths{3, 401, 1, 150};
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  for (const int64_t window : {0, 1, 7, 130, 399, 1000}) {
    for (const ops::AttentionShape shape :
         {ops::AttentionShape{4, 2, 8, 0.35, window}, {3, 3, 4, 0.5, window}, {8, 1, 4, 0.5, window}}) {
      INFO(shape.heads << " heads, " << shape.kv_heads << " key heads, window " << window);
      const auto by_row = [&](const std::vector<at::Tensor>& in) {
        std::vector<at::Tensor> rows;
        const auto q = in[0].split_with_sizes(lengths), k = in[1].split_with_sizes(lengths),
                   v = in[2].split_with_sizes(lengths);
        for (size_t i = 0; i < lengths.size(); ++i) rows.push_back(plain_attention(q[i], k[i], v[i], shape));
        return at::cat(rows);
      };
      test::check_same([&](const auto& in) { return ops::packed_attention(in[0], in[1], in[2], lengths, shape); }, by_row,
                       inputs(tokens, tokens, shape));
    }
  }
}

TEST_CASE("decode_attention is each row's attention of its newest token", "[ops]") {
  for (const int64_t window : {0, 1, 5, 1000}) {
    const ops::AttentionShape shape{6, 2, 32, 0.2, window};
    std::vector<ops::CachedRow> rows;
    std::vector<at::Tensor> want;
    const at::Tensor q = at::randn({4, 192});
    for (const int64_t keys : {1, 7, 64, 301}) {
      // Rows of a larger room, as the cache holds them.
      rows.push_back({at::randn({keys + 9, 64}).narrow(0, 0, keys), at::randn({keys + 9, 64}).narrow(0, 0, keys)});
      want.push_back(
          plain_attention(q.narrow(0, static_cast<int64_t>(want.size()), 1), rows.back().keys, rows.back().values, shape));
    }
    CHECK(test::largest_difference(ops::decode_attention(q, rows, shape), at::cat(want)) < 1e-5);
    for (auto& row : rows) row = {row.keys.to(at::kBFloat16), row.values.to(at::kBFloat16)};
    CHECK(test::largest_difference(ops::decode_attention(q.to(at::kBFloat16), rows, shape), at::cat(want)) < 0.1);
  }
}

TEST_CASE("Tokens that branch attend to the line that each of them continues", "[ops]") {
  for (const int64_t window : {0, 1, 2, 4, 11}) {
    const ops::AttentionShape shape{4, 2, 16, 0.3, window};
    const at::Tensor k = at::randn({12, 32}), v = at::randn({12, 32}), q = at::randn({3, 64});
    // The first two keys are no tokens: places begin behind them.
    const ops::Branches branches{4, {{4, 6, 7}, {5, 6, 8}, {4, 5, 9}}};
    std::vector<at::Tensor> want;
    for (size_t i = 0; i < 3; ++i) {
      std::vector<int64_t> line{0, 1, 2, 3, 4, 5};
      for (const int64_t place : branches.own[i]) line.push_back(2 + place);
      const at::Tensor places = at::tensor(line, at::kLong);
      want.push_back(plain_attention(q.narrow(0, static_cast<int64_t>(i), 1), k.index_select(0, places),
                                     v.index_select(0, places), shape));
    }
    const ops::CachedRow row{k, v, &branches, 2};
    CHECK(test::largest_difference(ops::attention(q, row, shape), at::cat(want)) < 1e-5);
    CHECK(test::largest_difference(ops::decode_attention(q, {row}, shape), at::cat(want)) < 1e-5);
  }
}

}  // namespace
}  // namespace hyplora

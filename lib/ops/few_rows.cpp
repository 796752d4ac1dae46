#include "ops/few_rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include <cstring>
#include "ops/products.h"

namespace hyplora::ops {
namespace {

constexpr int64_t most_rows = 32;
constexpr int64_t lanes = 16;
constexpr int tokens_at_once = 8, weights_at_once = 2;  // 16 sums of 16 lanes: they fit the 32 registers of AVX-512

template <class Weight>
struct Product {
  const float* x;  // [tokens, in]
  const Weight* weight;
  int64_t tokens, in, out;
  float* y;  // [tokens, out]
};

/// One new token's queries that share a key head, and that head's keys and values.
template <class T>
struct SharedHead {
  const float* q;  // [queries, head_dim]
  const T *k, *v;  // [keys, head_dim], rows `stride` apart
  int64_t queries, keys, head_dim, stride;
  float scale;
  float* out;  // [queries, head_dim]
};

// Vectors are passed between inlined functions only, where no calling convention matters.
#pragma GCC diagnostic ignored "-Wpsabi"
namespace plain {
#include "ops/few_rows_kernel.h"
}
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HYPLORA_CPU_GENERATIONS
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#pragma GCC target("avx2,fma")
namespace avx2 {
#include "ops/few_rows_kernel.h"
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512")
namespace avx512 {
#include "ops/few_rows_kernel.h"
}
#pragma GCC pop_options
#endif

#ifdef HYPLORA_CPU_GENERATIONS
bool has_avx512() {
  static const bool has =
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return has;
}
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}
#endif

/// Each by the widest units of this machine.
template <class Weight>
void run_rows(const Product<Weight>& p, int64_t begin, int64_t end) {
#ifdef HYPLORA_CPU_GENERATIONS
  if (has_avx512()) return avx512::weight_rows(p, begin, end);
  if (has_avx2()) return avx2::weight_rows(p, begin, end);
#endif
  plain::weight_rows(p, begin, end);
}

template <class T>
void run_head(const SharedHead<T>& head, float* scores) {
#ifdef HYPLORA_CPU_GENERATIONS
  if (has_avx512()) return avx512::attend_head(head, scores);
  if (has_avx2()) return avx2::attend_head(head, scores);
#endif
  plain::attend_head(head, scores);
}

template <class Weight>
void multiply(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y) {
  const Product<Weight> product{
      x.const_data_ptr<float>(), weight.const_data_ptr<Weight>(), x.size(0), x.size(1), weight.size(0), y.data_ptr<float>()};
  const int64_t grain = std::max<int64_t>(weights_at_once, (1 << 15) / std::max<int64_t>(1, product.in));
  at::parallel_for(0, (product.out + 1) / weights_at_once, grain / weights_at_once, [&](int64_t begin, int64_t end) {
    run_rows(product, begin * weights_at_once, std::min(end * weights_at_once, product.out));
  });
}

}  // namespace

bool has_few_rows(const at::Tensor& x, const at::Tensor& weight) {
  const bool few = x.device().is_cpu() && x.dim() == 2 && x.size(0) <= most_rows && x.size(0) > 0 && weight.is_contiguous();
  if (!few || x.scalar_type() != weight.scalar_type()) return false;
  return weight.scalar_type() == at::kFloat || (weight.scalar_type() == at::kBFloat16 && !has_bf16_units());
}

at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor wide = x.to(at::kFloat).contiguous();
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, wide.options());
  weight.scalar_type() == at::kFloat ? multiply<float>(wide, weight, y) : multiply<at::BFloat16>(wide, weight, y);
  return y.to(x.scalar_type());
}

namespace {

template <class T>
void attend_rows(const at::Tensor& q, const std::vector<KeysAndValues>& past, const AttentionShape& shape, at::Tensor& out) {
  const int64_t group = shape.heads / shape.kv_heads, width = shape.heads * shape.head_dim;
  at::parallel_for(0, q.size(0) * shape.kv_heads, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scores;
    for (int64_t i = begin; i < end; ++i) {
      const auto& [keys, values] = past[static_cast<size_t>(i / shape.kv_heads)];
      const int64_t all = keys.size(0), seen = shape.window > 0 ? std::min(all, shape.window) : all;
      const int64_t head = i % shape.kv_heads, place = (all - seen) * keys.stride(0) + head * shape.head_dim;
      const int64_t at = i / shape.kv_heads * width + head * group * shape.head_dim;
      scores.resize(static_cast<size_t>(seen));
      run_head(SharedHead<T>{q.const_data_ptr<float>() + at, keys.const_data_ptr<T>() + place,
                             values.const_data_ptr<T>() + place, group, seen, shape.head_dim, keys.stride(0),
                             static_cast<float>(shape.scale), out.data_ptr<float>() + at},
               scores.data());
    }
  });
}

}  // namespace

bool has_decode_attention(const at::Tensor& q, const AttentionShape& shape) {
  const bool typed = q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16;
  return q.device().is_cpu() && typed && shape.head_dim % lanes == 0;
}

at::Tensor decode_attention(const at::Tensor& q, const std::vector<KeysAndValues>& past, const AttentionShape& shape) {
  const at::Tensor wide = q.to(at::kFloat).contiguous();
  at::Tensor out = at::empty(wide.sizes(), wide.options());
  q.scalar_type() == at::kFloat ? attend_rows<float>(wide, past, shape, out)
                                : attend_rows<at::BFloat16>(wide, past, shape, out);
  return out.to(q.scalar_type());
}

}  // namespace hyplora::ops

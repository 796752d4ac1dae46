#include "ops/few_rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "ops/products.h"
#include <cstring>

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

/// The rows by the widest units of this machine.
template <class Weight>
void run_rows(const Product<Weight>& p, int64_t begin, int64_t end) {
#ifdef HYPLORA_CPU_GENERATIONS
  static const bool wide = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  static const bool medium = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (wide) return avx512::weight_rows(p, begin, end);
  if (medium) return avx2::weight_rows(p, begin, end);
#endif
  plain::weight_rows(p, begin, end);
}

template <class Weight>
void multiply(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y) {
  const Product<Weight> product{x.const_data_ptr<float>(), weight.const_data_ptr<Weight>(), x.size(0), x.size(1), weight.size(0),
                                y.data_ptr<float>()};
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

}  // namespace hyplora::ops

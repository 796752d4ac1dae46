#include "ops/few_rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace hyplora::ops {
namespace {

template <class Number, class Weight>
struct Product {
  const Number* x;  // [tokens, in]
  const Weight* weight;
  int64_t tokens, in, out;
  float* y;   // [tokens, out]
  bool adds;  // to what y holds
};

}  // namespace
}  // namespace hyplora::ops

#define HYPLORA_KERNEL "ops/few_rows_kernel.h"
#include "ops/cpu_generations.h"

namespace hyplora::ops {
namespace {

constexpr int64_t most_rows = 32;
constexpr int64_t rows_at_once = 4, least_work = 1 << 17;  // multiplications, below which a thread is not worth waking

/// Rows [begin, end) of the weights, by the widest units of this machine.
template <class Number, class Weight>
void run_rows(const Product<Number, Weight>& p, int64_t begin, int64_t end) {
#ifdef HYPLORA_CPU_GENERATIONS
  if (cpu_units() >= CpuUnits::avx512) return avx512::weight_rows<avx512::Widened<Number, Weight>>(p, begin, end);
  if (cpu_units() == CpuUnits::avx2) return avx2::weight_rows<avx2::Widened<Number, Weight>>(p, begin, end);
#endif
  plain::weight_rows<plain::Widened<Number, Weight>>(p, begin, end);
}

#ifdef HYPLORA_CPU_GENERATIONS
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma,prefer-vector-width=512")
namespace avx512bf16 {
constexpr int tile_tokens = 6, tile_rows = 4;
// The second needs the first.
// clang-format off
#include "ops/vectors.h"
#include "ops/few_rows_kernel.h"
// clang-format on

/// A step of 2 x `lanes` bf16 numbers, whose products the machine's own units add up in fp32.
struct Paired {
  static constexpr int64_t step = 2 * lanes;
  using X = at::BFloat16;
  using W = at::BFloat16;
  using Vector = __m512bh;
  static inline __attribute__((always_inline)) Vector x(const X* from) {
    Vector values;
    __builtin_memcpy(&values, from, sizeof values);
    return values;
  }
  static inline __attribute__((always_inline)) Vector weight(const W* from) { return x(from); }
  static inline __attribute__((always_inline)) Floats add(Floats sum, Vector a, Vector b) {
    return reinterpret_cast<Floats>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), a, b));
  }
};
}  // namespace avx512bf16
#pragma GCC pop_options

/// bf16 by bf16 goes through those units where there are any.
void run_halves(const Product<at::BFloat16, at::BFloat16>& p, int64_t begin, int64_t end) {
  if (cpu_units() == CpuUnits::avx512bf16) return avx512bf16::weight_rows<avx512bf16::Paired>(p, begin, end);
  run_rows(p, begin, end);
}
#else
void run_halves(const Product<at::BFloat16, at::BFloat16>& p, int64_t begin, int64_t end) { run_rows(p, begin, end); }
#endif

template <class Number, class Weight>
void multiply(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y, bool adds) {
  const Product<Number, Weight> product{x.const_data_ptr<Number>(),
                                        weight.const_data_ptr<Weight>(),
                                        x.size(0),
                                        x.size(1),
                                        weight.size(0),
                                        y.data_ptr<float>(),
                                        adds};
  const int64_t work = std::max<int64_t>(1, product.in * product.tokens), grain = std::max(rows_at_once, least_work / work);
  at::parallel_for(0, (product.out + rows_at_once - 1) / rows_at_once, grain / rows_at_once, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * rows_at_once, last = std::min(end * rows_at_once, product.out);
    if constexpr (std::is_same_v<Number, at::BFloat16> && std::is_same_v<Weight, at::BFloat16>) {
      run_halves(product, first, last);
    } else {
      run_rows(product, first, last);
    }
  });
}

void multiply(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y, bool adds) {
  const at::Tensor rows = x.contiguous();
  const bool half_x = x.scalar_type() == at::kBFloat16, half_weight = weight.scalar_type() == at::kBFloat16;
  if (half_x) {
    half_weight ? multiply<at::BFloat16, at::BFloat16>(rows, weight, y, adds)
                : multiply<at::BFloat16, float>(rows, weight, y, adds);
  } else {
    half_weight ? multiply<float, at::BFloat16>(rows, weight, y, adds) : multiply<float, float>(rows, weight, y, adds);
  }
}

bool fits(const at::Tensor& x) { return x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16; }

}  // namespace

bool has_few_rows(const at::Tensor& x, const at::Tensor& weight) {
  const bool few = x.device().is_cpu() && x.dim() == 2 && x.size(0) <= most_rows && x.size(0) > 0;
  return few && fits(x) && fits(weight) && weight.is_contiguous();
}

at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight) {
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options().dtype(at::kFloat));
  multiply(x, weight, y, false);
  return y;
}

void add_few_rows_product(at::Tensor& y, const at::Tensor& x, const at::Tensor& weight) { multiply(x, weight, y, true); }

}  // namespace hyplora::ops

#include "ops/kernels/few_rows.h"

#include "ops/kernels/vectors.h"
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace hyplora::ops::kernels {
namespace {

/// The tile whose sums fit the registers.
constexpr int tile_tokens = here >= CpuUnits::avx512 ? 6 : 2, tile_rows = here >= CpuUnits::avx512 ? 4 : 2;

/// A step of `lanes` numbers, widened.
template <class X, class W>
struct Step {
  static constexpr int64_t length = lanes;
  using Vector = Floats;
  HYPLORA_INLINE Vector x(const X* from) { return load(from); }
  HYPLORA_INLINE Vector weight(const W* from) { return load(from); }
  HYPLORA_INLINE Floats add(Floats sum, Vector a, Vector b) { return sum + a * b; }
};

#ifdef __AVX512BF16__
/// A step of 2 x `lanes` bf16 numbers, whose products the machine's own units add up in fp32.
template <>
struct Step<Bf16, Bf16> {
  static constexpr int64_t length = 2 * lanes;
  using Vector = __m512bh;
  HYPLORA_INLINE Vector x(const Bf16* from) {
    Vector values;
    __builtin_memcpy(&values, from, sizeof values);
    return values;
  }
  HYPLORA_INLINE Vector weight(const Bf16* from) { return x(from); }
  HYPLORA_INLINE Floats add(Floats sum, Vector a, Vector b) {
    return reinterpret_cast<Floats>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), a, b));
  }
};
#endif

/// What one token's sums with `Rows` rows of the weights come to.
template <int Rows>
HYPLORA_INLINE void add_up(const Floats* sums, float* totals) {
  if constexpr (Rows == 4) {
    const FourFloats four = sums_of(sums[0], sums[1], sums[2], sums[3]);
    __builtin_memcpy(totals, &four, sizeof four);
  } else {
    for (int r = 0; r < Rows; ++r) totals[r] = sum_of(sums[r]);
  }
}

/// A tile: the products of `Tokens` rows of x with `Rows` rows of the weights. y[t * y_stride + r]. `Ahead` asks for the
/// weights of the next tile meanwhile: rows are too short for the machine to see by itself that the memory behind them will be
/// wanted.
template <class X, class W, int Tokens, int Rows, bool Ahead>
HYPLORA_INLINE void tile(const X* x, const W* weights, int64_t in, float* y, int64_t y_stride, bool adds) {
  using S = Step<X, W>;
  Floats sums[Tokens][Rows] = {};
  const int64_t whole = in / S::length * S::length;
  for (int64_t k = 0; k < whole; k += S::length) {
    typename S::Vector w[Rows];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      w[r] = S::weight(weights + r * in + k);
      if constexpr (Ahead) __builtin_prefetch(weights + (Rows + r) * in + k);
    }
#pragma GCC unroll 8
    for (int t = 0; t < Tokens; ++t) {
      const typename S::Vector values = S::x(x + t * in + k);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) sums[t][r] = S::add(sums[t][r], values, w[r]);
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < Tokens; ++t) {
    float totals[Rows];
    add_up<Rows>(sums[t], totals);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      for (int64_t k = whole; k < in; ++k) totals[r] += widened(x[t * in + k]) * widened(weights[r * in + k]);
      float& to = y[t * y_stride + r];
      to = adds ? to + totals[r] : totals[r];
    }
  }
}

/// The tokens from `first` on with `Rows` rows of the weights from `row` on, in tiles of `Tokens` and then one smaller tile.
template <int Tokens, int Rows, class X, class W>
void row_group(const Product<X, W>& p, int64_t row, int64_t first) {
  for (; p.tokens - first >= Tokens; first += Tokens) {
    const auto* x = p.x + first * p.in;
    const auto* weights = p.weight + row * p.in;
    float* y = p.y + first * p.out + row;
    if (first == 0) {
      tile<X, W, Tokens, Rows, true>(x, weights, p.in, y, p.out, p.adds);
    } else {
      tile<X, W, Tokens, Rows, false>(x, weights, p.in, y, p.out, p.adds);
    }
  }
  if constexpr (Tokens > 1) {
    if (first < p.tokens) row_group<Tokens - 1, Rows>(p, row, first);
  }
}

}  // namespace

template <CpuUnits units, class X, class W>
void few_rows(const Product<X, W>& p, int64_t begin, int64_t end) {
  int64_t row = begin;
  for (; row + tile_rows <= end; row += tile_rows) row_group<tile_tokens, tile_rows>(p, row, 0);
  for (; row < end; ++row) row_group<tile_tokens, 1>(p, row, 0);
}

template void few_rows<here>(const Product<float, float>&, int64_t, int64_t);
template void few_rows<here>(const Product<float, Bf16>&, int64_t, int64_t);
template void few_rows<here>(const Product<Bf16, float>&, int64_t, int64_t);
template void few_rows<here>(const Product<Bf16, Bf16>&, int64_t, int64_t);

}  // namespace hyplora::ops::kernels

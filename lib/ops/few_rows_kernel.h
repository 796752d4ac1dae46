// The inner loops of few_rows.cpp, compiled by cpu_generations.h.

/// A step of `lanes` numbers, either side fp32 or bf16.
template <class Number, class Weight>
struct Widened {
  static constexpr int64_t step = lanes;
  using X = Number;
  using W = Weight;
  using Vector = Floats;
  static inline __attribute__((always_inline)) Vector x(const Number* from) { return load(from); }
  static inline __attribute__((always_inline)) Vector weight(const W* from) { return load(from); }
  static inline __attribute__((always_inline)) Floats add(Floats sum, Vector a, Vector b) { return sum + a * b; }
};

/// What one token's sums with `Rows` rows of the weights come to.
template <int Rows>
static inline __attribute__((always_inline)) void add_up(const Floats* sums, float* totals) {
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
template <class Step, int Tokens, int Rows, bool Ahead>
static inline __attribute__((always_inline)) void tile(const typename Step::X* x, const typename Step::W* weights, int64_t in,
                                                       float* y, int64_t y_stride, bool adds) {
  Floats sums[Tokens][Rows] = {};
  const int64_t whole = in / Step::step * Step::step;
  for (int64_t k = 0; k < whole; k += Step::step) {
    typename Step::Vector w[Rows];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      w[r] = Step::weight(weights + r * in + k);
      if constexpr (Ahead) __builtin_prefetch(weights + (Rows + r) * in + k);
    }
#pragma GCC unroll 8
    for (int t = 0; t < Tokens; ++t) {
      const typename Step::Vector values = Step::x(x + t * in + k);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) sums[t][r] = Step::add(sums[t][r], values, w[r]);
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < Tokens; ++t) {
    float totals[Rows];
    add_up<Rows>(sums[t], totals);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      for (int64_t k = whole; k < in; ++k)
        totals[r] += static_cast<float>(x[t * in + k]) * static_cast<float>(weights[r * in + k]);
      float& to = y[t * y_stride + r];
      to = adds ? to + totals[r] : totals[r];
    }
  }
}

/// The tokens from `first` on with `Rows` rows of the weights from `row` on, in tiles of `Tokens` and then one smaller tile.
template <class Step, int Tokens, int Rows>
static inline void row_group(const Product<typename Step::X, typename Step::W>& p, int64_t row, int64_t first) {
  for (; p.tokens - first >= Tokens; first += Tokens) {
    const auto* x = p.x + first * p.in;
    const auto* weights = p.weight + row * p.in;
    float* y = p.y + first * p.out + row;
    if (first == 0) {
      tile<Step, Tokens, Rows, true>(x, weights, p.in, y, p.out, p.adds);
    } else {
      tile<Step, Tokens, Rows, false>(x, weights, p.in, y, p.out, p.adds);
    }
  }
  if constexpr (Tokens > 1) {
    if (first < p.tokens) row_group<Step, Tokens - 1, Rows>(p, row, first);
  }
}

/// Rows [begin, end) of the weights.
template <class Step>
static void weight_rows(const Product<typename Step::X, typename Step::W>& p, int64_t begin, int64_t end) {
  int64_t row = begin;
  for (; row + tile_rows <= end; row += tile_rows) row_group<Step, tile_tokens, tile_rows>(p, row, 0);
  for (; row < end; ++row) row_group<Step, tile_tokens, 1>(p, row, 0);
}

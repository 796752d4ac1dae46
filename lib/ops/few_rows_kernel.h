// The inner loops of few_rows.cpp. Included there once for each generation of vector units, inside a namespace and under the
// compiler flags of its own, so that the same lines become AVX-512, AVX2 or plain code.

using Floats = float __attribute__((vector_size(lanes * 4)));
using Bits = uint32_t __attribute__((vector_size(lanes * 4)));
using HalfBits = uint16_t __attribute__((vector_size(lanes * 2)));

static inline __attribute__((always_inline)) Floats load(const float* from) {
  Floats values;
  __builtin_memcpy(&values, from, sizeof values);
  return values;
}

static inline __attribute__((always_inline)) Floats load(const at::BFloat16* from) {
  HalfBits halves;
  __builtin_memcpy(&halves, from, sizeof halves);
  return reinterpret_cast<Floats>(__builtin_convertvector(halves, Bits) << 16);
}

/// Halves are added to each other until one number is left.
static inline __attribute__((always_inline)) float sum_of(Floats v) {
  const auto eight =
      __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// The products of `Tokens` rows of x with two rows of the weights, over `in` numbers. y is [token][2].
template <int Tokens, class Weight>
static inline __attribute__((always_inline)) void dots(const float* x, int64_t x_stride, const Weight* first,
                                                       const Weight* second, int64_t in, float* y) {
  Floats sums[Tokens][weights_at_once] = {};
  const int64_t whole = in / lanes * lanes;
  for (int64_t k = 0; k < whole; k += lanes) {
    const Floats a = load(first + k), b = load(second + k);
#pragma GCC unroll 8
    for (int t = 0; t < Tokens; ++t) {
      const Floats values = load(x + t * x_stride + k);
      sums[t][0] += values * a;
      sums[t][1] += values * b;
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < Tokens; ++t) {
    float ends[weights_at_once] = {sum_of(sums[t][0]), sum_of(sums[t][1])};
    for (int64_t k = whole; k < in; ++k) {
      ends[0] += x[t * x_stride + k] * static_cast<float>(first[k]);
      ends[1] += x[t * x_stride + k] * static_cast<float>(second[k]);
    }
    y[2 * t] = ends[0];
    y[2 * t + 1] = ends[1];
  }
}

template <class Weight>
static inline __attribute__((always_inline)) void some_dots(int64_t tokens, const float* x, int64_t in, const Weight* first,
                                                            const Weight* second, float* y) {
  switch (tokens) {
    case 1:
      return dots<1>(x, in, first, second, in, y);
    case 2:
      return dots<2>(x, in, first, second, in, y);
    case 3:
      return dots<3>(x, in, first, second, in, y);
    case 4:
      return dots<4>(x, in, first, second, in, y);
    case 5:
      return dots<5>(x, in, first, second, in, y);
    case 6:
      return dots<6>(x, in, first, second, in, y);
    case 7:
      return dots<7>(x, in, first, second, in, y);
    default:
      return dots<tokens_at_once>(x, in, first, second, in, y);
  }
}

/// Rows [begin, end) of the weights; the last may have no partner.
template <class Weight>
static void weight_rows(const Product<Weight>& p, int64_t begin, int64_t end) {
  float made[tokens_at_once * weights_at_once];
  for (int64_t row = begin; row < end; row += weights_at_once) {
    const int64_t partner = row + 1 < end ? row + 1 : row;
    for (int64_t t = 0; t < p.tokens; t += tokens_at_once) {
      const int64_t count = p.tokens - t < tokens_at_once ? p.tokens - t : tokens_at_once;
      some_dots(count, p.x + t * p.in, p.in, p.weight + row * p.in, p.weight + partner * p.in, made);
      for (int64_t i = 0; i < count; ++i) {
        p.y[(t + i) * p.out + row] = made[2 * i];
        p.y[(t + i) * p.out + partner] = partner == row ? made[2 * i] : made[2 * i + 1];
      }
    }
  }
}

/// softmax(q k^T * scale) v for the queries that share one key head and see all of its keys. `scores` has room for `keys`
/// numbers.
template <class T>
static void attend_head(const SharedHead<T>& h, float* scores) {
  for (int64_t g = 0; g < h.queries; ++g) {
    const float* query = h.q + g * h.head_dim;
    float largest = -__builtin_inff();
    for (int64_t s = 0; s < h.keys; ++s) {
      Floats sums = {};
      for (int64_t d = 0; d < h.head_dim; d += lanes) sums += load(query + d) * load(h.k + s * h.stride + d);
      scores[s] = sum_of(sums) * h.scale;
      largest = scores[s] > largest ? scores[s] : largest;
    }
    float total = 0;
    for (int64_t s = 0; s < h.keys; ++s) total += scores[s] = __builtin_expf(scores[s] - largest);
    for (int64_t d = 0; d < h.head_dim; d += lanes) {
      Floats mixed = {};
      for (int64_t s = 0; s < h.keys; ++s) mixed += scores[s] * load(h.v + s * h.stride + d);
      mixed /= total;
      __builtin_memcpy(h.out + g * h.head_dim + d, &mixed, sizeof mixed);
    }
  }
}

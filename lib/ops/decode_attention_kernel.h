// The inner loops of decode_attention.cpp, compiled by cpu_generations.h.

/// softmax(q k^T * scale) v for the queries of one new token that share a key head. `scores` has room for a number a key.
template <class T>
static void attend_head(const SharedHead<T>& h, float* scores) {
  for (int64_t g = 0; g < h.queries; ++g) {
    const float* query = h.q + g * h.head_dim;
    float largest = -__builtin_inff();
    for (int64_t s = 0; s < h.seen; ++s) {
      const T* key = h.k + h.slots[s] * h.stride;
      Floats sums = {};
      for (int64_t d = 0; d < h.head_dim; d += lanes) sums += load(query + d) * load(key + d);
      scores[s] = sum_of(sums) * h.scale;
      largest = scores[s] > largest ? scores[s] : largest;
    }
    Floats totals = {};
    for (int64_t s = 0; s < h.seen; s += lanes) {
      const int64_t left = h.seen - s;
      const Floats shares = exponential(load_some(scores + s, left) - largest);
      store_some(scores + s, shares, left);
      totals += load_some(scores + s, left);
    }
    const float total = sum_of(totals);
    for (int64_t d = 0; d < h.head_dim; d += lanes) {
      Floats mixed = {};
      for (int64_t s = 0; s < h.seen; ++s) mixed += scores[s] * load(h.v + h.slots[s] * h.stride + d);
      mixed /= total;
      __builtin_memcpy(h.out + g * h.head_dim + d, &mixed, sizeof mixed);
    }
  }
}

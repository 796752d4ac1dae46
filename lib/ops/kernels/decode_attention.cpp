#include "ops/kernels/decode_attention.h"

#include "ops/kernels/vectors.h"

namespace hyplora::ops::kernels {

template <CpuUnits units, class T>
void attend_head(const SharedHead<T>& h, float* scores) {
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
      store(h.out + g * h.head_dim + d, mixed);
    }
  }
}

template void attend_head<here>(const SharedHead<float>&, float*);
template void attend_head<here>(const SharedHead<Bf16>&, float*);

}  // namespace hyplora::ops::kernels

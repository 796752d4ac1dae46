#include "ops/kernels/one_pass.h"

#include "ops/kernels/vectors.h"

namespace hyplora::ops::kernels {
namespace {

template <class T>
void one_row(const NormRows<T>& n, int64_t row) {
  const T* x = n.x + row * n.width;
  Floats squares = {};
  for (int64_t i = 0; i < n.width; i += lanes) {
    const Floats v = load_some(x + i, n.width - i);
    squares += v * v;
  }
  const float scale = 1.0f / __builtin_sqrtf(sum_of(squares) / static_cast<float>(n.width) + n.eps);
  n.scale[row] = scale;
  for (int64_t i = 0; i < n.width; i += lanes) {
    const int64_t left = n.width - i;
    const Floats v = load_some(x + i, left) * scale, w = load_some(n.weight + i, left);
    store_some(n.y + row * n.width + i, n.offset ? v * (w + 1.0f) : rounded_to(x, v) * w, left);
  }
}

template <class T>
void one_row(const RopeRows<T>& r, int64_t row) {
  for (int64_t head = 0; head < r.heads; ++head) {
    const int64_t start = (row * r.heads + head) * 2 * r.half;
    for (int64_t i = 0; i < r.half; i += lanes) {
      const int64_t left = r.half - i;
      const Floats first = load_some(r.x + start + i, left), second = load_some(r.x + start + r.half + i, left);
      const Floats cos = load_some(r.cos + row * r.half + i, left), sin = load_some(r.sin + row * r.half + i, left);
      store_some(r.y + start + i, first * cos - second * sin, left);
      store_some(r.y + start + r.half + i, second * cos + first * sin, left);
    }
  }
}

/// silu(g) = g / (1 + e^-g); gelu in its tanh form is g / (1 + e^-2z), z = sqrt(2/pi) (g + 0.044715 g^3).
template <class T>
void one_row(const GatedRows<T>& g, int64_t row) {
  for (int64_t i = 0; i < g.width; i += lanes) {
    const int64_t start = row * g.width + i, left = g.width - i;
    const Floats gate = load_some(g.gate + start, left), up = load_some(g.up + start, left);
    const Floats inner = g.silu ? gate : 1.5957691216f * (gate + 0.044715f * gate * gate * gate);
    store_some(g.y + start, gate / (1.0f + exponential(-inner)) * up, left);
  }
}

}  // namespace

template <CpuUnits units, class Rows>
void one_pass(const Rows& rows, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) one_row(rows, row);
}

template void one_pass<here>(const NormRows<float>&, int64_t, int64_t);
template void one_pass<here>(const NormRows<Bf16>&, int64_t, int64_t);
template void one_pass<here>(const RopeRows<float>&, int64_t, int64_t);
template void one_pass<here>(const RopeRows<Bf16>&, int64_t, int64_t);
template void one_pass<here>(const GatedRows<float>&, int64_t, int64_t);
template void one_pass<here>(const GatedRows<Bf16>&, int64_t, int64_t);

}  // namespace hyplora::ops::kernels

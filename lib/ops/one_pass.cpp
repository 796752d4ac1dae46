#include "ops/one_pass.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace hyplora::ops {
namespace {

template <class T>
struct NormRows {
  const T *x, *weight;
  T* y;
  float* scale;
  int64_t width;
  float eps;
  bool offset;
};

template <class T>
struct RopeRows {
  const T *x, *cos, *sin;
  T* y;
  int64_t heads, half;
};

template <class T>
struct GatedRows {
  const T *gate, *up;
  T* y;
  int64_t width;
  bool silu;
};

}  // namespace
}  // namespace hyplora::ops

#define HYPLORA_KERNEL "ops/one_pass_kernel.h"
#include "ops/cpu_generations.h"

namespace hyplora::ops {
namespace {

constexpr int64_t least_numbers = 1 << 14;  // below which a thread is not worth waking

/// By the widest units of this machine.
template <class Rows>
void run_row(const Rows& work, int64_t row) {
#ifdef HYPLORA_CPU_GENERATIONS
  if (cpu_units() >= CpuUnits::avx512) return avx512::one_row(work, row);
  if (cpu_units() == CpuUnits::avx2) return avx2::one_row(work, row);
#endif
  plain::one_row(work, row);
}

template <class Rows>
void run_rows(const Rows& work, const at::Tensor& y) {
  const int64_t rows = y.size(0), width = std::max<int64_t>(1, y.numel() / std::max<int64_t>(1, rows));
  at::parallel_for(0, rows, std::max<int64_t>(1, least_numbers / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) run_row(work, row);
  });
}

template <class T>
const T* numbers(const at::Tensor& x) {
  return x.const_data_ptr<T>();
}

/// Calls work(a null pointer of x's number type).
template <class Work>
void for_type(const at::Tensor& x, Work work) {
  if (x.scalar_type() == at::kFloat) return work(static_cast<float*>(nullptr));
  work(static_cast<at::BFloat16*>(nullptr));
}

}  // namespace

namespace one_pass {

bool serves(std::initializer_list<at::Tensor> tensors) {
  const at::ScalarType type = tensors.begin()->scalar_type();
  return (type == at::kFloat || type == at::kBFloat16) && std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor& x) {
           return x.device().is_cpu() && x.is_contiguous() && x.scalar_type() == type;
         });
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset, at::Tensor& scale) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  for_type(x, [&]<class T>(T*) {
    run_rows(NormRows<T>{numbers<T>(x), numbers<T>(weight), y.data_ptr<T>(), scale.data_ptr<float>(), x.size(1),
                         static_cast<float>(eps), offset},
             y);
  });
  return y;
}

at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  const int64_t half = cos.size(2);
  for_type(x, [&]<class T>(T*) {
    run_rows(RopeRows<T>{numbers<T>(x), numbers<T>(cos), numbers<T>(sin), y.data_ptr<T>(), x.size(1) / (2 * half), half}, y);
  });
  return y;
}

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation) {
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  for_type(gate, [&]<class T>(T*) {
    run_rows(GatedRows<T>{numbers<T>(gate), numbers<T>(up), y.data_ptr<T>(), gate.size(1), activation == Activation::silu}, y);
  });
  return y;
}

}  // namespace one_pass
}  // namespace hyplora::ops

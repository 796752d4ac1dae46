#include "ops/one_pass.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "ops/kernel_call.h"
#include "ops/kernels/one_pass.h"

namespace hyplora::ops {
namespace {

constexpr int64_t least_numbers = 1 << 14;  // below which a thread is not worth waking

template <class Rows>
void run_rows(const Rows& work, const at::Tensor& y) {
  const int64_t rows = y.size(0), width = std::max<int64_t>(1, y.numel() / std::max<int64_t>(1, rows));
  at::parallel_for(0, rows, std::max<int64_t>(1, least_numbers / width), [&](int64_t begin, int64_t end) {
    with_units(cpu_units(), [&]<CpuUnits units>() { kernels::one_pass<units>(work, begin, end); });
  });
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
  with_number(x, [&]<class T>() {
    run_rows(kernels::NormRows<T>{numbers<T>(x), numbers<T>(weight), writable<T>(y), writable<float>(scale), x.size(1),
                                  static_cast<float>(eps), offset},
             y);
  });
  return y;
}

at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  const int64_t half = cos.size(2);
  with_number(x, [&]<class T>() {
    run_rows(
        kernels::RopeRows<T>{numbers<T>(x), numbers<T>(cos), numbers<T>(sin), writable<T>(y), x.size(1) / (2 * half), half}, y);
  });
  return y;
}

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation) {
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  with_number(gate, [&]<class T>() {
    run_rows(
        kernels::GatedRows<T>{numbers<T>(gate), numbers<T>(up), writable<T>(y), gate.size(1), activation == Activation::silu},
        y);
  });
  return y;
}

}  // namespace one_pass
}  // namespace hyplora::ops

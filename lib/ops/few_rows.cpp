#include "ops/few_rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "ops/kernel_call.h"
#include "ops/kernels/few_rows.h"

namespace hyplora::ops {
namespace {

constexpr int64_t most_rows = 32;
constexpr int64_t rows_at_once = 4, least_work = 1 << 17;  // multiplications, below which a thread is not worth waking

template <class X, class W>
void multiply(const kernels::Product<X, W>& product) {
  const int64_t work = std::max<int64_t>(1, product.in * product.tokens), grain = std::max(rows_at_once, least_work / work);
  at::parallel_for(0, (product.out + rows_at_once - 1) / rows_at_once, grain / rows_at_once, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * rows_at_once, last = std::min(end * rows_at_once, product.out);
    with_units(cpu_units(), [&]<CpuUnits units>() { kernels::few_rows<units>(product, first, last); });
  });
}

void multiply(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y, bool adds) {
  const at::Tensor rows = x.contiguous();
  with_number(rows, [&]<class X>() {
    with_number(weight, [&]<class W>() {
      multiply(kernels::Product<X, W>{numbers<X>(rows), numbers<W>(weight), x.size(0), x.size(1), weight.size(0),
                                      writable<float>(y), adds});
    });
  });
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

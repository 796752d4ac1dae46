#include "ops/rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <cmath>

namespace hyplora::ops {
namespace {

/// The library's reductions and broadcasts are slow for bf16 on a CPU; everything else goes through them.
bool has_kernel(const at::Tensor& x) { return x.device().is_cpu() && x.is_contiguous() && x.scalar_type() == at::kBFloat16; }

constexpr int64_t rows_per_task = 64;

double norm_of(const at::BFloat16* x, int64_t width) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < width; ++i) {
    const float value = static_cast<float>(x[i]);
    sum += value * value;
  }
  return std::sqrt(static_cast<double>(sum));
}

void add_weighted(at::BFloat16* dx, const at::BFloat16* x, float weight, int64_t width) {
#pragma omp simd
  for (int64_t i = 0; i < width; ++i) dx[i] = static_cast<at::BFloat16>(static_cast<float>(dx[i]) + weight * static_cast<float>(x[i]));
}

}  // namespace

at::Tensor row_norms(const at::Tensor& x) {
  if (!has_kernel(x)) {
    const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    return at::linalg_vector_norm(x, 2, {-1}, false, type).to(at::kDouble);
  }
  at::Tensor norms = at::empty({x.size(0)}, at::kDouble);
  const int64_t width = x.size(1);
  const auto* from = x.const_data_ptr<at::BFloat16>();
  auto* to = norms.mutable_data_ptr<double>();
  at::parallel_for(0, x.size(0), rows_per_task, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) to[row] = norm_of(from + row * width, width);
  });
  return norms;
}

void add_weighted_rows(at::Tensor& dx, const at::Tensor& x, const at::Tensor& weights) {
  if (!has_kernel(x) || !has_kernel(dx)) {
    dx.addcmul_(x, weights.to(x.scalar_type()).unsqueeze(1));
    return;
  }
  const int64_t width = x.size(1);
  const auto* from = x.const_data_ptr<at::BFloat16>();
  const auto* weight = weights.const_data_ptr<double>();
  auto* to = dx.mutable_data_ptr<at::BFloat16>();
  at::parallel_for(0, x.size(0), rows_per_task, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) add_weighted(to + row * width, from + row * width, static_cast<float>(weight[row]), width);
  });
}

}  // namespace hyplora::ops

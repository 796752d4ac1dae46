// Picks the form of a kernel of ops/kernels that this machine runs best, and hands it a tensor's numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <type_traits>

#include "core/cpu_units.h"
#include "ops/kernels/kernel.h"

namespace hyplora::ops {

/// Calls work.operator()<units>(). No architecture but x86-64 has more than the baseline.
template <class Work>
void with_units([[maybe_unused]] CpuUnits units, Work work) {
#ifdef __x86_64__
  if (units == CpuUnits::avx512bf16) return work.template operator()<CpuUnits::avx512bf16>();
  if (units == CpuUnits::avx512) return work.template operator()<CpuUnits::avx512>();
  if (units == CpuUnits::avx2) return work.template operator()<CpuUnits::avx2>();
#endif
  work.template operator()<CpuUnits::baseline>();
}

/// Calls work.operator()<float>() or, for a bf16 tensor, <Bf16>().
template <class Work>
void with_number(const at::Tensor& x, Work work) {
  if (x.scalar_type() == at::kFloat) return work.template operator()<float>();
  work.template operator()<kernels::Bf16>();
}

template <class T>
using TensorNumber = std::conditional_t<std::is_same_v<T, float>, float, at::BFloat16>;

/// c10::Error where the tensor holds numbers of another type.
template <class T>
const T* numbers(const at::Tensor& x) {
  return reinterpret_cast<const T*>(x.const_data_ptr<TensorNumber<T>>());
}
template <class T>
T* writable(const at::Tensor& x) {
  return reinterpret_cast<T*>(x.mutable_data_ptr<TensorNumber<T>>());
}

}  // namespace hyplora::ops

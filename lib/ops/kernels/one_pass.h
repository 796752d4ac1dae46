// The operations of ops/basic.h in one pass over a row's numbers. T: float or Bf16.
#pragma once

#include "ops/kernels/kernel.h"

namespace hyplora::ops::kernels {

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

/// Computes rows [begin, end) of one of these structs.
template <CpuUnits units, class Rows>
void one_pass(const Rows& rows, int64_t begin, int64_t end);

}  // namespace hyplora::ops::kernels

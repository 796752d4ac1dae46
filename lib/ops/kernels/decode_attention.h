// softmax(q k^T * scale) v for the queries of one new token that share a key head.
#pragma once

#include "ops/kernels/kernel.h"

namespace hyplora::ops::kernels {

/// One new token's queries that share a key head, and that head's keys and values. T: float or Bf16.
template <class T>
struct SharedHead {
  const float* q;  // [queries, head_dim], head_dim a multiple of `lanes`
  const T *k, *v;  // the head's part of the cache, rows `stride` apart
  const int64_t* slots;
  int64_t seen;  // slots
  int64_t queries, head_dim, stride;
  float scale;
  float* out;  // [queries, head_dim]
};

/// `scores` has room for one number per key.
template <CpuUnits units, class T>
void attend_head(const SharedHead<T>& head, float* scores);

}  // namespace hyplora::ops::kernels

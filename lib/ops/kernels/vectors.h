// Vectors of `lanes` numbers in GNU's vector extension (g++ and clang), which become instructions of the units that a kernel is
// compiled for.
#pragma once

#include "ops/kernels/kernel.h"

#ifndef HYPLORA_UNITS  // a file opened by itself, in an editor
#define HYPLORA_UNITS baseline
#endif

namespace hyplora::ops::kernels {

/// The units that this object is compiled for.
constexpr CpuUnits here = CpuUnits::HYPLORA_UNITS;

using Floats = float __attribute__((vector_size(lanes * 4)));
using Bits = uint32_t __attribute__((vector_size(lanes * 4)));
using Ints = int32_t __attribute__((vector_size(lanes * 4)));
using HalfBits = uint16_t __attribute__((vector_size(lanes * 2)));
#define HYPLORA_INLINE static inline __attribute__((always_inline))

HYPLORA_INLINE float widened(float x) { return x; }
HYPLORA_INLINE float widened(Bf16 x) { return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16); }

HYPLORA_INLINE Floats load(const float* from) {
  Floats values;
  __builtin_memcpy(&values, from, sizeof values);
  return values;
}

HYPLORA_INLINE Floats load(const Bf16* from) {
  HalfBits halves;
  __builtin_memcpy(&halves, from, sizeof halves);
  return reinterpret_cast<Floats>(__builtin_convertvector(halves, Bits) << 16);
}

/// To the nearest bf16, ties to even; NaN stays NaN.
HYPLORA_INLINE HalfBits bf16_bits(Floats v) {
  const Bits bits = reinterpret_cast<Bits>(v), rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  return __builtin_convertvector(v == v ? rounded : (bits >> 16) | 0x40, HalfBits);
}

HYPLORA_INLINE void store(float* to, Floats v) { __builtin_memcpy(to, &v, sizeof v); }
HYPLORA_INLINE void store(Bf16* to, Floats v) {
  const HalfBits halves = bf16_bits(v);
  __builtin_memcpy(to, &halves, sizeof halves);
}

/// The first `count` numbers, zeros behind.
template <class T>
HYPLORA_INLINE Floats load_some(const T* from, int64_t count) {
  if (count >= lanes) return load(from);
  T padded[lanes] = {};
  __builtin_memcpy(padded, from, static_cast<uint64_t>(count) * sizeof(T));
  return load(padded);
}

template <class T>
HYPLORA_INLINE void store_some(T* to, Floats v, int64_t count) {
  if (count >= lanes) return store(to, v);
  T padded[lanes];
  store(padded, v);
  __builtin_memcpy(to, padded, static_cast<uint64_t>(count) * sizeof(T));
}

/// As if stored and loaded again.
HYPLORA_INLINE Floats rounded_to(const float*, Floats v) { return v; }
HYPLORA_INLINE Floats rounded_to(const Bf16*, Floats v) {
  return reinterpret_cast<Floats>(__builtin_convertvector(bf16_bits(v), Bits) << 16);
}

/// Halves are added to each other until one number is left.
HYPLORA_INLINE float sum_of(Floats v) {
  const auto eight =
      __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

using FourFloats = float __attribute__((vector_size(16)));

/// The sums of four vectors at once, each added up in sum_of's order.
HYPLORA_INLINE FourFloats sums_of(Floats a, Floats b, Floats c, Floats d) {
  const Floats ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                    __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const Floats cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                    __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const Floats fours = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
                       __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  const Floats twos = fours + __builtin_shufflevector(fours, fours, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  const Floats ones = twos + __builtin_shufflevector(twos, twos, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return __builtin_shufflevector(ones, ones, 0, 4, 8, 12);
}

/// e^v to about 1e-7 of its value; arguments beyond what fp32 can hold count as the nearest that it can.
/// v = n log 2 + r, |r| <= log(2)/2; e^r by the polynomial of Cephes' expf (S. Moshier), 2^n by its exponent bits.
HYPLORA_INLINE Floats exponential(Floats v) {
  v = v < -87.0f ? Floats{} - 87.0f : v;
  v = v > 88.0f ? Floats{} + 88.0f : v;
  constexpr float to_nearest = 12582912.0f;  // 1.5 * 2^23: behind it there is no room for a fraction
  const Floats n = (v * 1.44269504f + to_nearest) - to_nearest, r = (v - n * 0.693359375f) + n * 2.12194440e-4f;
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
  return (p * r * r + r + 1.0f) * reinterpret_cast<Floats>(exponent);
}

}  // namespace hyplora::ops::kernels

// Compiles one kernel file for every generation of vector units that GCC can be told of, each in a namespace of its own: the
// including file names it in HYPLORA_KERNEL and later picks a namespace by cpu_units(). Inside the kernel the
// types and functions of vectors.h are known, and how large a tile of tokens x weight rows fits the registers.
#include <ATen/core/Tensor.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "core/cpu_units.h"

#ifndef HYPLORA_KERNEL
#error "define HYPLORA_KERNEL, the file to compile, before including this one"
#endif

namespace hyplora::ops {
namespace {

// Vectors are passed between inlined functions only, where no calling convention matters.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace plain {
constexpr int tile_tokens = 2, tile_rows = 2;
#include "ops/vectors.h"
#include HYPLORA_KERNEL
}  // namespace plain

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HYPLORA_CPU_GENERATIONS

#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#pragma GCC target("avx2,fma")
namespace avx2 {
constexpr int tile_tokens = 2, tile_rows = 2;
#include "ops/vectors.h"
#include HYPLORA_KERNEL
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512")
namespace avx512 {
constexpr int tile_tokens = 6, tile_rows = 4;
#include "ops/vectors.h"
#include HYPLORA_KERNEL
}  // namespace avx512
#pragma GCC pop_options
#endif

}  // namespace
}  // namespace hyplora::ops

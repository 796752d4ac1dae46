// What a kernel and its caller share. A kernel is a .cpp of this folder, named in cmake/Kernels.cmake and compiled once for each
// set of vector units; what it exports are templates over CpuUnits, instantiated for `here` (vectors.h), so that every object
// exports other names. The files of this folder include only each other, <cstdint> and intrinsics: of an inline function that
// several objects hold the linker keeps one, and that must not be one compiled for units that the machine lacks.
#pragma once

#include <cstdint>

#include "core/cpu_units.h"

namespace hyplora::ops::kernels {

/// Numbers in a vector: fp32 in the 512 bits of the widest units; on narrower ones the compiler takes several.
constexpr int64_t lanes = 16;

/// at::BFloat16 in memory.
struct Bf16 {
  uint16_t bits;
};

}  // namespace hyplora::ops::kernels

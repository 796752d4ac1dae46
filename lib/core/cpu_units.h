// The sets of vector units that the kernels of lib/ops/kernels are compiled for, and which of them a run uses.
#pragma once

namespace hyplora {

/// Each has what the ones before it have. The baseline is what every CPU of the architecture has (on aarch64: NEON); the
/// others are x86-64's, avx2 with FMA, avx512 with its extensions for bytes, 256-bit vectors and double words.
enum class CpuUnits { baseline, avx2, avx512, avx512bf16 };

/// The widest that this machine has, without avx512bf16 where has_bf16_units() says no.
CpuUnits cpu_units();
/// "baseline", "avx2", "avx512" or "avx512bf16".
const char* cpu_units_name(CpuUnits units);

/// Whether this machine multiplies bf16 natively; HYPLORA_WIDEN_BF16=1 answers no, to try the other way.
bool has_bf16_units();

}  // namespace hyplora

#include "core/cpu_units.h"

#include <cstdlib>
#include <string_view>
#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace hyplora {
namespace {

#ifdef __x86_64__
bool multiplies_bf16() { return __builtin_cpu_supports("avx512bf16") != 0; }  // every CPU with AMX has it too

CpuUnits widest_units() {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return has_bf16_units() ? CpuUnits::avx512bf16 : CpuUnits::avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? CpuUnits::avx2 : CpuUnits::baseline;
}
#elif defined(__aarch64__)
bool multiplies_bf16() { return (::getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0; }
CpuUnits widest_units() { return CpuUnits::baseline; }
#else
bool multiplies_bf16() { return false; }
CpuUnits widest_units() { return CpuUnits::baseline; }
#endif

}  // namespace

CpuUnits cpu_units() {
  static const CpuUnits units = widest_units();
  return units;
}

const char* cpu_units_name(CpuUnits units) {
  switch (units) {
    case CpuUnits::avx2:
      return "avx2";
    case CpuUnits::avx512:
      return "avx512";
    case CpuUnits::avx512bf16:
      return "avx512bf16";
    default:
      return "baseline";
  }
}

bool has_bf16_units() {
  static const bool native = [] {
    const char* forced = std::getenv("HYPLORA_WIDEN_BF16");
    return (forced == nullptr || std::string_view(forced) != "1") && multiplies_bf16();
  }();
  return native;
}

}  // namespace hyplora

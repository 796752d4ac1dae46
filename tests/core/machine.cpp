// What the doctor tells of the CPU is what the kernels and products go by.
#include "core/machine.h"

#include "core/cpu_units.h"
#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("The CPU's units are told as the products use them", "[core]") {
  const Json cpu = describe_machine()["cpu"];
  CHECK(cpu["bfloat16_in_hardware"] == has_bf16_units());
  CHECK(cpu["kernels"] == cpu_units_name(cpu_units()));
}

#ifdef __x86_64__
TEST_CASE("Of AVX2, AVX-512 and its bf16 form the widest that the CPU names is used", "[core]") {
  const Json named = describe_machine()["cpu"]["units"];
  const auto has = [&](const char* flag) { return named[flag].get<bool>(); };
  const bool halves = has_bf16_units();
  CHECK(halves <= has("avx512_bf16"));
  CpuUnits widest = has("avx2") && has("fma") ? CpuUnits::avx2 : CpuUnits::baseline;
  if (has("avx512f")) widest = halves ? CpuUnits::avx512bf16 : CpuUnits::avx512;
  CHECK(cpu_units() == widest);
}
#endif

}  // namespace
}  // namespace hyplora

// What is said about the type that auto takes.
#include "model/dtype_advice.h"

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("Where auto takes float32 although the CPU has bf16 units, one sentence names the faster type", "[model]") {
  const c10::Device gpu(c10::kCUDA, 0);
  CHECK_THAT(dtype_advice("auto", c10::kCPU, true), test::Contains("dtype bfloat16 is about twice as fast"));
  CHECK(dtype_advice("auto", c10::kCPU, false).empty());
  CHECK(dtype_advice("float32", c10::kCPU, true).empty());
  CHECK(dtype_advice("auto", gpu, true).empty());
}

}  // namespace
}  // namespace hyplora

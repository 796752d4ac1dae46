// core/launch.cuh over the tests' own core/start_kernel.cuh.
#include "core/launch.cuh"

#include <ATen/ops/empty.h>

#include "core/device.h"
#include "support/support.h"

namespace hyplora {
namespace {

/// The sum of each row, a block a row: lanes exchange, warps share, one thread writes.
__global__ void sum_rows(const float* x, float* sums, int64_t width) {
  auto* of_warp = shared_memory<float>();
  float sum = 0;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) sum += x[blockIdx.x * width + i];
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  sums[blockIdx.x] = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) sums[blockIdx.x] += of_warp[warp];
}

__global__ void half_waits(int* /*nothing*/) {
  if (threadIdx.x < 16) __syncthreads();
}

__global__ void waits_apart(int* /*nothing*/) {
  if (threadIdx.x < 16) __syncthreads();
  if (threadIdx.x >= 16) __syncwarp();
}

TEST_CASE("Threads of a block meet, exchange values and share memory, whichever of them runs first", "[core]") {
  for (const auto order : {test::ThreadOrder::forward, test::ThreadOrder::backward, test::ThreadOrder::shuffled}) {
    test::thread_order() = order;
    for (const int64_t width : {1, 33, 4097}) {
      std::vector<float> x(static_cast<size_t>(3 * width)), sums(3, NAN);
      for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5);
      launch(at::kCPU, {3, 128, 4 * sizeof(float)}, sum_rows, x.data(), sums.data(), width);
      for (int64_t row = 0; row < 3; ++row) {
        float want = 0;
        for (int64_t i = 0; i < width; ++i) want += x[static_cast<size_t>(row * width + i)];
        CHECK(sums[static_cast<size_t>(row)] == want);
      }
    }
  }
  test::thread_order() = test::ThreadOrder::forward;
}

TEST_CASE("A barrier that some threads have left, or that others do not wait at, is noticed", "[core]") {
  int nothing = 0;
  CHECK_THROWS_WITH(launch(at::kCPU, {1, 64}, half_waits, &nothing),
                    test::Contains("that some threads of the block have left"));
  CHECK_THROWS_WITH(launch(at::kCPU, {1, 32}, waits_apart, &nothing), test::Contains("wait at different barriers"));
}

TEST_CASE("A device that is used gets the work that names none", "[core]") {
  const c10::DeviceGuard kept(test::pretend_device(0));
  use_device(test::pretend_device(1));
  CHECK(at::empty({1}, at::TensorOptions(c10::DeviceType::PrivateUse1)).device() == test::pretend_device(1));
  use_device(at::kCPU);
  CHECK(at::empty({1}, at::TensorOptions(c10::DeviceType::PrivateUse1)).device() == test::pretend_device(1));
}

}  // namespace
}  // namespace hyplora

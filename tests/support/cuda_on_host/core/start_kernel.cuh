// CUDA's words for a host compiler, over the fibers of support/cuda_on_host.h. Stands in for lib/core/start_kernel.cuh.
#pragma once

#include <cstring>
#include <memory>

#include "core/launch.cuh"
#include "support/cuda_on_host.h"
#include "support/pretend_device.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
inline dim3 blockIdx, blockDim, gridDim;
#define threadIdx (dim3{static_cast<unsigned>(hyplora::test::thread_index())})

namespace hyplora::test {

template <class T>
T shuffled(T value, size_t from) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  std::memcpy(&shown(thread_index()), &value, sizeof value);
  wait_for_warp();
  T read;
  std::memcpy(&read, &shown(thread_index() / 32 * 32 + from % 32), sizeof read);
  wait_for_warp();
  return read;
}

}  // namespace hyplora::test

inline void __syncthreads() { hyplora::test::wait_for_block(); }
inline void __syncwarp(unsigned /*mask*/ = ~0u) { hyplora::test::wait_for_warp(); }
template <class T>
T __shfl_xor_sync(unsigned /*mask*/, T value, int lanes) {
  return hyplora::test::shuffled(value, (hyplora::test::thread_index() % 32) ^ static_cast<size_t>(lanes));
}
template <class T>
T __shfl_sync(unsigned /*mask*/, T value, int lane) {
  return hyplora::test::shuffled(value, static_cast<size_t>(lane));
}

namespace hyplora {

template <class T>
T* shared_memory() {
  return reinterpret_cast<T*>(test::shared_bytes());
}

template <class Kernel, class... Arguments>
void start_kernel(const Grid& grid, Kernel kernel, const Arguments&... arguments) {
  const test::KernelRun run;
  // As large as asked for to the byte, so that sanitizers see what reaches beyond.
  const std::unique_ptr<char[]> shared(new char[grid.shared_bytes]);
  test::shared_bytes() = shared.get();
  gridDim = {static_cast<unsigned>(grid.blocks)};
  blockDim = {static_cast<unsigned>(grid.threads)};
  for (const size_t block : test::turns(static_cast<size_t>(grid.blocks))) {
    blockIdx = {static_cast<unsigned>(block)};
    test::run_block(grid.threads, [&] { kernel(arguments...); });
  }
}

}  // namespace hyplora

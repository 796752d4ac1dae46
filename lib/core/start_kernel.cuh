// A kernel's start as nvcc writes it; the one place that does. The tests have another such header, which runs kernels on the host.
#pragma once

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>

#include "core/launch.cuh"

namespace hyplora {

template <class T>
__device__ T* shared_memory() {
  extern __shared__ double hyplora_shared[];
  return reinterpret_cast<T*>(hyplora_shared);
}

/// RuntimeError where the device refuses.
template <class Kernel, class... Arguments>
void start_kernel(const Grid& grid, Kernel kernel, const Arguments&... arguments) {
  kernel<<<static_cast<unsigned>(grid.blocks), grid.threads, grid.shared_bytes, at::cuda::getCurrentCUDAStream()>>>(
      arguments...);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace hyplora

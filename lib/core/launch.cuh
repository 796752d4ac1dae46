// How kernels of ours start: where their tensors lie, on that device's current stream; not at all on an empty grid.
#pragma once

#include <c10/core/DeviceGuard.h>

#include <cstddef>
#include <cstdint>

namespace hyplora {

struct Grid {
  int64_t blocks;
  int threads;                   // of a block
  std::size_t shared_bytes = 0;  // of a block: shared_memory<T>() in the kernel
};

}  // namespace hyplora

#include "core/start_kernel.cuh"

namespace hyplora {

/// `device`: where the tensors lie, which need not be the current one.
template <class Kernel, class... Arguments>
void launch(c10::Device device, const Grid& grid, Kernel kernel, const Arguments&... arguments) {
  if (grid.blocks == 0) return;
  const c10::DeviceGuard guard(device);
  start_kernel(grid, kernel, arguments...);
}

}  // namespace hyplora

// What a batch needs on its way to a device: all goes there at once, and the host does not wait.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hyplora::ops {

/// The parts, of one type, on `device`, in their order and shapes. On another than the CPU they are views of one tensor, which is copied
/// from pinned memory without blocking.
std::vector<at::Tensor> upload(const std::vector<at::Tensor>& parts, at::Device device);
/// The same for lists, as int64 tensors.
std::vector<at::Tensor> upload(const std::vector<std::vector<int64_t>>& lists, at::Device device);

}  // namespace hyplora::ops

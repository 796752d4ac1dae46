#include "ops/upload.h"

#include <ATen/Context.h>
#include <ATen/EmptyTensor.h>
#include <ATen/ops/tensor.h>

namespace hyplora::ops {
namespace {

at::Tensor pinned_room(int64_t count, at::ScalarType type, at::DeviceType for_device) {
  c10::Allocator* allocator = at::globalContext().getPinnedMemoryAllocator(for_device);
  return at::detail::empty_generic({count}, allocator, c10::DispatchKeySet(c10::DispatchKey::CPU), type, std::nullopt);
}

}  // namespace

std::vector<at::Tensor> upload(const std::vector<at::Tensor>& parts, at::Device device) {
  if (device.is_cpu() || parts.empty()) return parts;
  int64_t count = 0;
  for (const at::Tensor& part : parts) count += part.numel();
  const at::Tensor staged = pinned_room(count, parts.front().scalar_type(), device.type());
  int64_t first = 0;
  for (const at::Tensor& part : parts) {
    staged.narrow(0, first, part.numel()).copy_(part.flatten());
    first += part.numel();
  }
  const at::Tensor there = staged.to(device, /*non_blocking=*/true);
  std::vector<at::Tensor> views;
  first = 0;
  for (const at::Tensor& part : parts) {
    views.push_back(there.narrow(0, first, part.numel()).view(part.sizes()));
    first += part.numel();
  }
  return views;
}

std::vector<at::Tensor> upload(const std::vector<std::vector<int64_t>>& lists, at::Device device) {
  std::vector<at::Tensor> parts;
  parts.reserve(lists.size());
  for (const auto& list : lists) parts.push_back(at::tensor(list, at::kLong));
  return upload(parts, device);
}

}  // namespace hyplora::ops

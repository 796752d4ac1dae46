// Where what runs on a device is tested: the CPU, the second of two devices that are none, and a GPU where there is one.
#pragma once

#include "core/machine.h"
#include "support/pretend_device.h"

namespace hyplora::test {

/// Beside the CPU.
inline std::vector<at::Device> other_devices() {
  std::vector<at::Device> all{pretend_device()};
  if (at::globalContext().hasCUDA()) all.emplace_back(at::kCUDA, 0);
  return all;
}

}  // namespace hyplora::test

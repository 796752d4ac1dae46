// Two devices that are none: LibTorch's open registration (PrivateUse1) with memory that only operations can touch. Whatever the host
// reads or writes there by itself ends the process (SIGSEGV), as it would on a GPU; every operation runs on the CPU and is counted,
// as are copies and what the host waits for. What agrees with the CPU here takes a GPU's way through the code.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace hyplora::test {

/// Device 0 or 1. The first call makes both known to LibTorch.
at::Device pretend_device(int index = 1);

/// What was asked of the devices since the last reset_device_counts(). Views ask nothing.
struct DeviceCounts {
  int64_t operations = 0;   // kernels that a device would run, its own copies among them
  int64_t copies_in = 0;    // host to device
  int64_t blocking_in = 0;  // those of them that the host waits for
  int64_t copies_out = 0;   // device to host: the host waits
  int64_t reads = 0;        // single values, .item(): the host waits
  int64_t kernels = 0;      // of our own
  std::map<std::string, int64_t> by_name;

  int64_t waits() const { return blocking_in + copies_out + reads; }
};
const DeviceCounts& device_counts();
void reset_device_counts();

/// The device has no more than so many bytes beyond those in use while the result lives.
std::shared_ptr<void> limit_device_memory(at::Device device, int64_t bytes);

/// A kernel of ours, which runs as a function of the host: while it lives the memory of the current device, and of no other, is the
/// host's. One that starts with the wrong device current ends the process.
class KernelRun {
 public:
  KernelRun();
  ~KernelRun();
  KernelRun(const KernelRun&) = delete;
  KernelRun& operator=(const KernelRun&) = delete;

 private:
  c10::DeviceIndex device_;
};

}  // namespace hyplora::test

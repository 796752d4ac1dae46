// Devices and what they have used.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace hyplora {

/// auto (CUDA where there is a GPU, else the CPU), cpu, cuda or cuda:N. Without a number, the processes of a host take its GPUs
/// in turns, by their local rank. InputError when it does not exist.
c10::Device choose_device(const std::string& name, int local_rank = 0);

/// The highest memory use so far: resident memory of the process on the CPU, allocated device memory on a GPU.
int64_t peak_memory_bytes(c10::Device device);

/// "cpu (2 threads)" or "cuda:0".
std::string device_text(c10::Device device);

}  // namespace hyplora

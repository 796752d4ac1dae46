// Devices and what they have used.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>

namespace hyplora {

/// auto (CUDA where there is a GPU, else the CPU), cpu, cuda or cuda:N. Without a number, the processes of a host take its GPUs
/// in turns, by their local rank. InputError when it does not exist.
c10::Device choose_device(const std::string& name, int local_rank = 0);

/// Makes a GPU the one that work of this thread goes to which names none, and keeps LibTorch from cuDNN's attention, which is planned anew
/// for each length of a row. Call where the device is chosen.
void use_device(c10::Device device);

/// While on, operations that could give other bits on the same input are errors, and GPU libraries keep to one order. To be called
/// before the first operation on a GPU.
void use_deterministic_algorithms(bool on);

/// The highest memory use so far: resident memory of the process on the CPU, allocated device memory on a GPU.
int64_t peak_memory_bytes(c10::Device device);
/// The most that LibTorch has taken from a GPU for it, which is what others cannot have; 0 on the CPU.
int64_t peak_reserved_bytes(c10::Device device);
/// What a GPU has left; nothing on the CPU and where the allocator does not tell.
std::optional<int64_t> free_memory_bytes(c10::Device device);

/// "cpu (2 threads)" or "cuda:0".
std::string device_text(c10::Device device);

}  // namespace hyplora

#include "core/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/error.h"

namespace hyplora {
namespace {

int gpu_count() {
  if (!at::globalContext().hasCUDA()) return 0;
  return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount();
}

using c10::CachingDeviceAllocator::DeviceStats;

int64_t peak_of(c10::Device device, c10::CachingAllocator::StatArray DeviceStats::*what) {
  const DeviceStats stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return (stats.*what)[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
}

}  // namespace

c10::Device choose_device(const std::string& name, int local_rank) {
  const int count = gpu_count();
  if (name == "cpu" || (name == "auto" && count == 0)) return c10::kCPU;
  if (name == "auto") return choose_device("cuda", local_rank);
  const bool numbered =
      name.starts_with("cuda:") && name.size() > 5 && name.find_first_not_of("0123456789", 5) == std::string::npos;
  if (name != "cuda" && !(numbered && name.size() < 10)) {
    throw InputError("--device: found \"{}\", expected auto, cpu, cuda or cuda:N.", name);
  }
  const int index = numbered ? std::stoi(name.substr(5)) : local_rank % std::max(count, 1);
  if (index >= count)
    throw InputError("--device: found \"{}\", but {} GPUs are usable here; --device cpu needs none.", name, count);
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

void use_device(c10::Device device) {
  if (device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(device.type()).setDevice(device);
  at::globalContext().setSDPUseCuDNN(false);
}

void use_deterministic_algorithms(bool on) {
  if (on) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // cuBLAS reads it where its first handle is made
  at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/false);
  // By default every fresh tensor would be filled, although none of ours is read before it is written.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
}

int64_t peak_reserved_bytes(c10::Device device) { return device.is_cpu() ? 0 : peak_of(device, &DeviceStats::reserved_bytes); }

std::optional<int64_t> free_memory_bytes(c10::Device device) {
  if (device.is_cpu()) return std::nullopt;
  try {
    at::globalContext().lazyInitDevice(device.type());
    return static_cast<int64_t>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
  } catch (const c10::Error&) {
    return std::nullopt;  // the allocator does not tell
  }
}

int64_t peak_memory_bytes(c10::Device device) {
  if (!device.is_cpu()) return peak_of(device, &DeviceStats::allocated_bytes);
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

std::string device_text(c10::Device device) {
  return device.is_cpu() ? fmt::format("cpu ({} threads)", at::get_num_threads()) : device.str();
}

}  // namespace hyplora

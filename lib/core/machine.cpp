#include "core/machine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "core/cpu_units.h"
#include "core/device.h"

namespace hyplora {
namespace {

/// The value behind the first "<key> :" of a /proc file.
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

int64_t kilobytes(const char* file, const std::string& key) { return 1024 * std::atoll(proc_value(file, key).c_str()); }

#ifdef __aarch64__
constexpr const char* flags_key = "Features";
constexpr const char* told_flags[] = {"asimd", "asimdhp", "bf16", "sve", "svebf16"};
#else
constexpr const char* flags_key = "flags";
constexpr const char* told_flags[] = {"avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16"};
#endif

/// `units`: what the CPU itself names; `kernels` and `bfloat16_in_hardware`: what a run uses of it.
Json cpu_text() {
  std::istringstream words(proc_value("/proc/cpuinfo", flags_key));
  std::set<std::string> flags;
  for (std::string flag; words >> flag;) flags.insert(flag);
  Json units = Json::object();
  for (const char* flag : told_flags) units[flag] = flags.count(flag) != 0;
  return {{"model", proc_value("/proc/cpuinfo", "model name")},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"threads", at::get_num_threads()},
          {"units", units},
          {"kernels", cpu_units_name(cpu_units())},
          {"bfloat16_in_hardware", has_bf16_units()}};
}

Json gpu(int index) {
  Json entry{{"name", fmt::format("cuda:{}", index)}};
  try {
    const auto [free, total] = c10::getDeviceAllocator(c10::kCUDA)->getMemoryInfo(static_cast<c10::DeviceIndex>(index));
    entry["memory_bytes"] = total;
    entry["free_bytes"] = free;
  } catch (const c10::Error&) {
    entry["memory_bytes"] = nullptr;  // the allocator does not tell
  }
  return entry;
}

Json devices() {
  Json all = Json::array({{{"name", "cpu"}, {"memory_bytes", kilobytes("/proc/meminfo", "MemTotal")}}});
  const int gpus = at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
  for (int i = 0; i < gpus; ++i) all.push_back(gpu(i));
  return all;
}

/// Whether one of these libraries can be loaded here.
bool library_found(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* handle = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL)) {
      ::dlclose(handle);
      return true;
    }
  }
  return false;
}

}  // namespace

Json describe_machine() {
  const bool cuda = at::globalContext().hasCUDA();
  const c10::Device device = choose_device("auto");
  Json versions{{"hyplora", HYPLORA_VERSION}, {"libtorch", TORCH_VERSION}, {"cuda", nullptr}};
  if (cuda) {
    const long version = at::detail::getCUDAHooks().versionCUDART();
    versions["cuda"] = fmt::format("{}.{}", version / 1000, version % 1000 / 10);
  }
  return {{"versions", versions},
          {"cpu", cpu_text()},
          {"memory",
           {{"total_bytes", kilobytes("/proc/meminfo", "MemTotal")},
            {"available_bytes", kilobytes("/proc/meminfo", "MemAvailable")}}},
          {"devices", devices()},
          {"communication",
           {{"mpi_library_found", library_found({"libmpi.so.40", "libmpi.so.12", "libmpi.so"})},
            {"nccl_library_found", library_found({"libnccl.so.2"})}}},
          {"used", {{"device", device_text(device)}, {"dtype", device.is_cpu() ? "float32" : "bfloat16"}, {"processes", 1}}}};
}

}  // namespace hyplora

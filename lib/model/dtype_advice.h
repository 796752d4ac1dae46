// What is said where `dtype` auto is slower than need be.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace hyplora {

/// One sentence where "auto" takes float32 on a CPU with units for bf16 (core/cpu_units.h), which halve the time; else empty.
std::string dtype_advice(const std::string& name, c10::Device device, bool has_bf16_units);
/// Logs it for this machine, where there is any.
void log_dtype_advice(const std::string& name, c10::Device device);

}  // namespace hyplora

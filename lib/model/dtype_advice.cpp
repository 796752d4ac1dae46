#include "model/dtype_advice.h"

#include "core/cpu_units.h"
#include "core/log.h"

namespace hyplora {

std::string dtype_advice(const std::string& name, c10::Device device, bool has_bf16_units) {
  if (name != "auto" || !device.is_cpu() || !has_bf16_units) return "";
  return "dtype auto is float32 here; this CPU has bfloat16 units, with which dtype bfloat16 is about twice as fast";
}

void log_dtype_advice(const std::string& name, c10::Device device) {
  const std::string advice = dtype_advice(name, device, has_bf16_units());
  if (!advice.empty()) log::info("{}", advice);
}

}  // namespace hyplora

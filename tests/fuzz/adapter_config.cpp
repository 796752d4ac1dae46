// Fuzzes adapter_config.json, as PEFT and the releases write it, and what is an expression for module paths in it.
#include "adapter/adapter.h"
#include "adapter/patterns.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  return fuzz::run([&] { read_adapter_options(fuzz::file_with("adapter_config.json", data, size).parent_path()); }) +
         fuzz::run([&] { pattern_matches(text, "model.layers.10.self_attn.q_proj"); });
}

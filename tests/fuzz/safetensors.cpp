// Fuzzes the safetensors header and every tensor behind it.
#include "io/safetensors.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] {
    const Safetensors file = Safetensors::open(fuzz::file_with("model.safetensors", data, size));
    for (const auto& [name, info] : file.tensors()) file.tensor(name);
  });
}

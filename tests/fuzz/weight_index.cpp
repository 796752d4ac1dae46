// Fuzzes model.safetensors.index.json beside shards that are not there.
#include "fuzz.h"
#include "io/checkpoint.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { CheckpointFiles::open(fuzz::file_with("model.safetensors.index.json", data, size).parent_path()); });
}

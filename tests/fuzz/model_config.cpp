// Fuzzes a checkpoint's config.json.
#include "model/spec.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { read_model_spec(fuzz::file_with("config.json", data, size).parent_path()); });
}

// Fuzzes the training config.
#include "io/files.h"
#include "train/options.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { read_train_options({read_json(fuzz::file_with("config.json", data, size)), "config.json", {}, {}}); });
}

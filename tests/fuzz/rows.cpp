// Fuzzes the row files: JSON arrays and JSONL.
#include "data/rows.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { read_rows({fuzz::file_with("rows.jsonl", data, size)}); }) +
         fuzz::run([&] { read_rows({fuzz::file_with("rows.json", data, size)}); });
}

// Fuzzes the progress file of an evaluation.
#include "eval/progress_file.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { ProgressFile::read(fuzz::file_with("progress.jsonl", data, size), {{"seed", 1}}); });
}

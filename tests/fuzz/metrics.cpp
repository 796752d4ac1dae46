// Fuzzes metrics.jsonl, as a report and a run that goes on read it.
#include "train/metrics.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] { read_metrics(fuzz::file_with("metrics.jsonl", data, size)); });
}

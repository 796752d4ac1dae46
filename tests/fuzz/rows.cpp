// Fuzzes the row files: JSON arrays, JSONL, CSV, and whatever else the first bytes say.
#include "data/rows.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RowReading kept;
  kept.conversations = LongConversations::kept;
  kept.takes_text = true;
  for (const char* name : {"rows.jsonl", "rows.json", "rows.csv", "rows.tsv.gz"})
    fuzz::run([&] { read_rows({fuzz::file_with(name, data, size)}, kept); });
  return 0;
}

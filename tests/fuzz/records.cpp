// Fuzzes the records of --compare: those of two runs, told apart by a line of "---", or one run's against itself.
#include "eval/compare.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find("---\n");
  return fuzz::run([&] {
    const Json a = parse_json(text.substr(0, line), "a");
    compare(a, line == text.npos ? a : parse_json(text.substr(line + 4), "b"));
  });
}

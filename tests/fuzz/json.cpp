// Fuzzes the reader of JSON: what it reads, it writes so that it reads the same again.
#include "core/json.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] {
    const Json value = parse_json({reinterpret_cast<const char*>(data), size}, "the text");
    shown(value);
    if (json_text(parse_json(json_text(value), "what was written")) != json_text(value)) __builtin_trap();
  });
}

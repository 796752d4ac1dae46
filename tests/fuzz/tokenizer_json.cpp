// Fuzzes tokenizer.json, and encoding and decoding with what it describes.
#include "text/tokenizer_json.h"

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] {
    const auto tokenizer = load_tokenizer_json(fuzz::file_with("tokenizer.json", data, size).parent_path());
    tokenizer->decode(tokenizer->encode("ab \xC3\xA9 <|end|>\n\n 12", true));
  });
}

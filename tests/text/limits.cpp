// Small tokenizer files that ask for much, and long texts.
#include "io/files.h"
#include "support/support.h"
#include "text/pattern.h"
#include "text/tokenizer.h"

namespace hyplora {
namespace {

using test::Contains;

Json small() {
  return parse_json(R"({"added_tokens": [{"id": 4, "content": "<e>", "special": true}],
                        "normalizer": {"type": "Sequence", "normalizers": []},
                        "decoder": {"type": "Sequence", "decoders": []},
                        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})",
                    "small");
}

std::unique_ptr<Tokenizer> tokenizer_of(const std::string& json) {
  const test::TempFolder folder;
  write_file(folder / "tokenizer.json", json);
  return load_tokenizer(folder.path());
}

std::string refusal(const Json& json) {
  return test::input_error([&] { tokenizer_of(json.dump())->encode("abab"); });
}

TEST_CASE("Ids and added tokens beyond what a vocabulary can be are refused before a table is made for them", "[text]") {
  Json json = small();
  CHECK_NOTHROW(tokenizer_of(json.dump())->encode("abab"));
  json["model"]["vocab"]["ab"] = 1 << 30;
  CHECK_THAT(refusal(json), Contains("the token \"ab\" has no usable id"));
  json = small();
  json["added_tokens"][0]["id"] = 1 << 29;
  CHECK_THAT(refusal(json), Contains("the added token \"<e>\" has no usable id"));
  json = small();
  json["added_tokens"][0]["content"] = std::string(50'000, 'a');
  CHECK_THAT(refusal(json), Contains("an added token of 50000 bytes"));
}

TEST_CASE("A token or a key that stands twice is refused", "[text]") {
  const std::string text = small().dump();
  const auto twice = [&](const std::string& from, const std::string& to) {
    return test::input_error([&] { tokenizer_of(std::string(text).replace(text.find(from), from.size(), to)); });
  };
  CHECK_THAT(twice("\"ab\":2", "\"ab\":2,\"ab\":3"), Contains("the token \"ab\" twice"));
  CHECK_THAT(twice("\"model\":", "\"decoder\":null,\"model\":"), Contains("key \"decoder\" twice"));
}

TEST_CASE("Normalizers and decoders that blow a text up end with a sentence", "[text]") {
  const Json doubles{{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aaaaaaaa"}};
  Json json = small();
  for (int i = 0; i < 12; ++i) json["normalizer"]["normalizers"].push_back(doubles);
  CHECK_THAT(refusal(json), Contains("bytes of a text"));
  json = small();
  for (int i = 0; i < 12; ++i) json["decoder"]["decoders"].push_back(doubles);
  CHECK_THAT(test::input_error([&] { tokenizer_of(json.dump())->decode({0, 1}); }), Contains("bytes of a text"));
  json = small();
  for (int i = 0; i < 2; ++i) json["normalizer"]["normalizers"].push_back(doubles);
  CHECK_NOTHROW(tokenizer_of(json.dump())->encode("abab"));
}

TEST_CASE("Expressions run over texts of a million letters", "[text]") {
  const std::string letters(1'000'000, 'a');
  for (const char* regex : {"(?:a|b)+", "\\s*\\p{L}+", "(a|ab)(c|bcd)?(d*)", "[^\\s]+?$"}) {
    INFO(regex);
    const auto match = Pattern(regex, "here").find(letters, 0);
    REQUIRE(match);
    CHECK(match->begin == 0);
  }
}

}  // namespace
}  // namespace hyplora

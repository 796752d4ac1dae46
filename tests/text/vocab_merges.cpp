// vocab.json with merges.txt, where no tokenizer.json is there.
#include "text/vocab_merges.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

class Folder {
 public:
  explicit Folder(const std::string& config) {
    write("vocab.json", R"({"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "<|endoftext|>": 5})");
    write("merges.txt", "#version: 0.2\na b\nĠ ab\n");
    write("tokenizer_config.json", config);
  }
  void write(const std::string& name, const std::string& text) { write_file(folder_ / name, text); }
  std::unique_ptr<Tokenizer> load() const { return load_tokenizer(folder_.path()); }
  std::string refusal() const {
    return test::input_error([&] { load(); });
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("GPT-2's files are read as its class reads them", "[text]") {
  const auto tokenizer = Folder(R"({"tokenizer_class": "GPT2Tokenizer"})").load();
  CHECK(tokenizer->encode("ab ab<|endoftext|>") == Ids{3, 4, 5});
  CHECK(tokenizer->eos() == 5);
  CHECK(tokenizer->decode({3, 4, 5}) == "ab ab");
  CHECK(Folder(R"({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true})").load()->encode("ab") == Ids{4});
  CHECK(tokenizer->files().at("merges").filename() == "merges.txt");
}

TEST_CASE("Added tokens beside the vocabulary are found in texts", "[text]") {
  Folder folder(R"({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>"})");
  folder.write("added_tokens.json", R"({"<|im_start|>": 6, "<|im_end|>": 7})");
  CHECK(folder.load()->encode("<|im_start|>ab<|im_end|>") == Ids{6, 3, 7});
  CHECK(folder.load()->eos() == 7);
}

TEST_CASE("Files of another class or with a damaged line are refused", "[text]") {
  CHECK_THAT(Folder(R"({"tokenizer_class": "RobertaTokenizer"})").refusal(),
             Contains("only for GPT2Tokenizer and Qwen2Tokenizer, but") && Contains("\"RobertaTokenizer\""));
  CHECK_THAT(Folder("{}").refusal(), Contains("says no tokenizer_class"));
  Folder folder(R"({"tokenizer_class": "GPT2Tokenizer"})");
  folder.write("merges.txt", "a b\nab\n");
  CHECK_THAT(folder.refusal(), Contains("merges.txt: line 2: found \"ab\", expected two tokens"));
  folder.write("vocab.json", "[]");
  CHECK_THAT(folder.refusal(), Contains("vocab.json: found array"));
}

TEST_CASE("A vocabulary with merges gives the ids of its tokenizer.json", "[text]") {
  const auto folder = test::shared("tokenizers/qwen2-small");
  if (!folder) return;
  const test::TempFolder alone;
  for (const char* file : {"vocab.json", "merges.txt", "tokenizer_config.json"}) fs::copy(*folder / file, alone.path() / file);
  const auto tokenizer = load_tokenizer(alone.path());
  for (const auto& entry : read_json(*folder / "expected.json")) {
    INFO(entry["text"].dump());
    CHECK(tokenizer->encode(entry["text"].get<std::string>()) == entry["ids"].get<Ids>());
  }
}

}  // namespace
}  // namespace hyplora

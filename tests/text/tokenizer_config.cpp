// Which tokens are BOS and EOS, from whatever file says it, and what stands behind a text.
#include "text/tokenizer_config.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

const char* const words = R"({"added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
  "decoder": null, "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "a": 2, "<x>": 3}, "merges": []}})";

class Folder {
 public:
  explicit Folder(const std::string& config) {
    write("tokenizer.json", words);
    write("tokenizer_config.json", config);
  }
  void write(const std::string& name, const std::string& text) { write_file(folder_ / name, text); }
  std::unique_ptr<Tokenizer> load() const { return load_tokenizer(folder_.path()); }
  std::optional<int64_t> eos() const { return load()->eos(); }
  std::optional<int64_t> bos() const { return load()->bos(); }

 private:
  test::TempFolder folder_;
};

TEST_CASE("EOS comes from tokenizer_config.json, special_tokens_map.json, the class or config.json's id", "[text]") {
  CHECK(Folder(R"({"eos_token": {"content": "<x>"}})").eos() == 3);
  CHECK(Folder(R"({"tokenizer_class": "LlamaTokenizerFast"})").eos() == 1);
  CHECK(Folder(R"({"tokenizer_class": "PreTrainedTokenizerFast"})").eos() == std::nullopt);
  Folder mapped("{}");
  mapped.write("special_tokens_map.json", R"({"bos_token": {"content": "<s>"}, "eos_token": "<x>"})");
  CHECK(mapped.eos() == 3);
  CHECK(mapped.bos() == 0);
  Folder by_model("{}");
  by_model.write("config.json", R"({"model_type": "mistral", "eos_token_id": [3, 1], "bos_token_id": 0})");
  CHECK(by_model.eos() == 3);
  by_model.write("config.json", R"({"model_type": "llama", "eos_token_id": 3})");
  CHECK(by_model.eos() == 1);  // the class's default comes first
  by_model.write("config.json", R"({"model_type": "mistral", "eos_token_id": 4})");
  CHECK(by_model.eos() == std::nullopt);  // no token has that id
}

TEST_CASE("An empty text means that there is no such token, null that no BOS is there", "[text]") {
  CHECK(Folder(R"({"eos_token": "", "tokenizer_class": "LlamaTokenizer"})").eos() == std::nullopt);
  CHECK(Folder(R"({"bos_token": null, "tokenizer_class": "LlamaTokenizer"})").bos() == std::nullopt);
}

TEST_CASE("A token that a file names and the vocabulary lacks is refused with the file", "[text]") {
  Folder folder("{}");
  folder.write("special_tokens_map.json", R"({"eos_token": "<gone>"})");
  CHECK_THAT(test::input_error([&] { folder.load(); }), Contains("special_tokens_map.json: eos_token is \"<gone>\""));
}

TEST_CASE("A prompt does not end with what the tokenizer puts behind a text", "[text]") {
  const auto tokenizer =
      Folder(R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "add_eos_token": true})").load();
  CHECK(tokenizer->encode("a") == Ids{0, 2, 1});
  CHECK(tokenizer->encode_prompt("a") == Ids{0, 2});
  CHECK(tokenizer->closing() == Ids{1});
}

TEST_CASE("Every file that has a say is named, whether it is there or not", "[text]") {
  const auto files = Folder("{}").load()->files();
  CHECK(files.at("tokenizer").filename() == "tokenizer.json");
  CHECK(files.at("tokenizer_config").filename() == "tokenizer_config.json");
  CHECK(files.contains("special_tokens_map"));
  CHECK(files.contains("added_tokens"));
}

}  // namespace
}  // namespace hyplora

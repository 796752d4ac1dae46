// Tokenizers against Hugging Face's ids: the five small ones string by string, the real ones over all of the shared texts.
#include <random>

#include "data/prompt.h"
#include "data/rows.h"
#include "io/files.h"
#include "support/support.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// A byte-level tokenizer of a few tokens, written here so that its ids can be worked out by hand.
const char* const byte_level = R"({
  "added_tokens": [{"id": 9, "content": "<|end|>", "special": true, "normalized": false},
                   {"id": 10, "content": "<w>", "special": false, "normalized": false, "single_word": true},
                   {"id": 11, "content": "<s>", "special": false, "normalized": false, "lstrip": true, "rstrip": true}],
  "normalizer": {"type": "NFC"},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": "\\s*\\p{L}+|\\p{N}|[^\\p{L}\\p{N}]+"}, "behavior": "Isolated", "invert": false},
    {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
  "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|end|>"}}, {"Sequence": {"id": "A"}}],
                     "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [9], "tokens": ["<|end|>"]}}},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "Ã": 5, "©": 6, "Ã©": 7, "bb": 8},
            "merges": ["a b", ["Ġ", "ab"], "Ã ©", "b b"]}
})";

std::unique_ptr<Tokenizer> tokenizer_of(const std::string& json, const std::string& config = "{}") {
  const test::TempFolder folder;
  write_file(folder / "tokenizer.json", json);
  write_file(folder / "tokenizer_config.json", config);
  return load_tokenizer(folder.path());
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  REQUIRE_THAT(text, test::Contains(from));
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("Byte-level BPE: lowest rank first, then leftmost; composed characters; a template around the text", "[text]") {
  const auto tokenizer = tokenizer_of(byte_level);
  CHECK(tokenizer->encode("abb ab", true) == Ids{9, 3, 1, 4});
  CHECK(tokenizer->encode("bbb", false) == Ids{8, 1});
  CHECK(tokenizer->encode("e\xCC\x81", false) == Ids{7});  // e and its accent compose to é
  CHECK(tokenizer->encode("e", false).empty());  // which alone is not in the vocabulary, nor is there an unknown token
  CHECK(tokenizer->decode({9, 3, 4, 7}) == "ab ab\xC3\xA9");
  CHECK(tokenizer->decode({9, 3}, true) == "<|end|>ab");
  CHECK(tokenizer->encode("", true) == Ids{9});
}

TEST_CASE("Added tokens: longest, whole words only, with the white space beside them", "[text]") {
  const auto tokenizer = tokenizer_of(byte_level);
  CHECK(tokenizer->encode("a<|end|>b", false) == Ids{0, 9, 1});
  CHECK(tokenizer->encode("<w> <w>", false) == Ids{10, 2, 10});
  CHECK(tokenizer->encode("a<w>", false) == Ids{0});  // touches a word; its bytes are not in the vocabulary
  CHECK(tokenizer->encode("ab \n<s>\t ab", false) == Ids{3, 11, 3});
}

TEST_CASE("Special tokens in text that comes from data stay text", "[text]") {
  const auto tokenizer = tokenizer_of(byte_level);
  PromptText text;
  text.add("<|end|>");
  text.add_data("ab<|end|><w>");  // <w> is not special: an ordinary piece of the vocabulary
  CHECK(text.encode(*tokenizer) == Ids{9, 9, 3, 10});
  CHECK(text.encode(*tokenizer_of(byte_level, R"({"bos_token": "<|end|>"})")) == Ids{9, 3, 10});  // one BOS
}

TEST_CASE("What tokenizer.json asks for and is not implemented is named", "[text]") {
  const auto refusal = [](const std::string& from, const std::string& to) {
    return test::input_error([&] { tokenizer_of(changed(byte_level, from, to)); });
  };
  CHECK(refusal(R"({"type": "NFC"})", R"({"type": "BertNormalizer"})").find("normalizer: type: found \"BertNormalizer\"") !=
        std::string::npos);
  CHECK(refusal(R"("behavior": "Isolated")", R"("behavior": "Glued")").find("behavior: found \"Glued\"") != std::string::npos);
  CHECK(refusal(R"({"type": "ByteLevel"})", R"({"type": "WordPiece"})").find("decoder: type: found \"WordPiece\"") !=
        std::string::npos);
  CHECK(refusal(R"({"type": "BPE")", R"({"type": "Unigram")").find("model: type: found \"Unigram\"") != std::string::npos);
  CHECK(refusal(R"("a b")", R"("a c")").find("merge 1 names \"c\"") != std::string::npos);
  CHECK(refusal(R"("a b")", R"("b a")").find("merge 1 names \"ba\"") != std::string::npos);
  CHECK(refusal(R"(\\p{N}|)", R"(\\p{N}|()").find("is not closed") != std::string::npos);
  CHECK(refusal(R"("TemplateProcessing")", R"("BertProcessing")").find("post_processor: type: found \"BertProcessing\"") !=
        std::string::npos);
  CHECK(refusal(R"({"type": "BPE",)", R"({"type": "BPE", "dropout": 0.1,)").find("dropout") != std::string::npos);
  CHECK_THAT(test::input_error([] { tokenizer_of("{\"model\": 3}"); }), test::Contains("model"));
  CHECK_THAT(test::input_error([] { tokenizer_of("{"); }), test::Contains("cannot be read as JSON"));
  CHECK(test::input_error([] { tokenizer_of(byte_level, R"({"eos_token": "<gone>"})"); }).find("eos_token is \"<gone>\"") !=
        std::string::npos);
}

TEST_CASE("A tokenizer.json with a key twice or nested too deep is refused with its name", "[text]") {
  const auto refusal = [](const std::string& from, const std::string& to) {
    return test::input_error([&] { tokenizer_of(changed(byte_level, from, to)); });
  };
  const std::string deep = std::string(500, '[') + std::string(500, ']'), deepest = std::string(100'000, '[');
  for (const char* key : {"type", "vocab", "merges"})
    CHECK_THAT(refusal("\"merges\": [", fmt::format("\"{}\": {{}}, \"{}\": {{}}, \"merges\": [", key, key)),
               test::Contains(fmt::format("tokenizer.json: model: found key \"{}\" twice", key)));
  CHECK_THAT(refusal("\"decoder\":", "\"normalizer\": null, \"decoder\":"), test::Contains("found key \"normalizer\" twice"));
  CHECK_THAT(refusal("\"decoder\":", "\"x\": " + deep + ", \"decoder\":"), test::Contains("more than 100 levels"));
  CHECK_THAT(refusal("\"decoder\":", "\"x\": " + deepest + ", \"decoder\":"), test::Contains("tokenizer.json: "));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += fmt::format("\"k{}\": 0, ", i);
  CHECK(tokenizer_of(changed(byte_level, "\"decoder\":", many + "\"decoder\":"))->encode("ab", false) == Ids{3});
}

TEST_CASE("A stream of ids gives whole characters only", "[text]") {
  const auto tokenizer = tokenizer_of(byte_level);
  TextStream stream(*tokenizer);
  CHECK(stream.next(3) == "ab");
  CHECK(stream.next(5).empty());
  CHECK(stream.next(6) == "\xC3\xA9");
  CHECK(stream.next(4) == " ab");
  CHECK(stream.next(5).empty());
  CHECK(stream.rest() == "\xEF\xBF\xBD");
}

TEST_CASE("Broken UTF-8 is repaired as Rust and Python repair it", "[text]") {
  CHECK(repaired_utf8("a\xC3") == "a\xEF\xBF\xBD");
  CHECK(repaired_utf8("\xE2\x96z") == "\xEF\xBF\xBDz");
  CHECK(repaired_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(repaired_utf8("\xF0\x9F\x98\x80") == "\xF0\x9F\x98\x80");
}

TEST_CASE("A damaged tokenizer.json is refused or read, never a crash", "[text]") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string json = byte_level;
    for (int i = 0; i < 3; ++i) json[random() % json.size()] = static_cast<char>("\"{}[],:0a\\\xC3 "[random() % 13]);
    if (random() % 4 == 0) json.resize(random() % json.size());
    try {
      tokenizer_of(json)->encode("ab \xC3\xA9 <|end|>", true);
    } catch (const InputError&) {
    }
  }
}

struct Small {
  const char* folder;
  bool has_model;  // tokenizer.model too
};
const Small small_ones[] = {{"llama2-small", true},
                            {"llama2-metaspace-small", true},
                            {"llama3-small", false},
                            {"qwen2-small", false},
                            {"gemma3-small", true}};

TEST_CASE("tokenizer.json gives Hugging Face's ids and texts, string by string", "[text]") {
  for (const auto& [name, has_model] : small_ones) {
    const auto folder = test::shared(std::string("tokenizers/") + name);
    if (!folder) return;
    const auto tokenizer = load_tokenizer(*folder);
    CHECK(tokenizer->file().filename() == "tokenizer.json");
    int compared = 0;
    for (const auto& entry : read_json(*folder / "expected.json")) {
      INFO(name << " " << entry["text"].dump());
      const auto text = entry["text"].get<std::string>();
      const auto ids = entry["ids"].get<Ids>();
      CHECK(tokenizer->encode(text) == ids);
      CHECK(tokenizer->encode(text, false) == entry["ids_plain"].get<Ids>());
      CHECK(tokenizer->decode(ids) == entry["decoded"].get<std::string>());
      CHECK(tokenizer->decode(ids, true) ==
            entry[entry.contains("decoded_all") ? "decoded_all" : "decoded"].get<std::string>());
      ++compared;
    }
    CHECK(compared > 100);
  }
}

/// A folder with tokenizer.model and the configuration only.
void copy_model(const fs::path& from, const fs::path& to) {
  for (const char* file : {"tokenizer.model", "tokenizer_config.json"}) fs::copy(from / file, to / file);
}

TEST_CASE("tokenizer.model gives sentencepiece's own ids, BOS as its config says", "[text]") {
  for (const auto& [name, has_model] : small_ones) {
    const auto folder = has_model ? test::shared(std::string("tokenizers/") + name) : std::nullopt;
    if (!folder) continue;
    const test::TempFolder alone;
    copy_model(*folder, alone.path());
    const auto tokenizer = load_tokenizer(alone.path());
    for (const auto& entry : read_json(*folder / "expected.json")) {
      INFO(name << " " << entry["text"].dump());
      const auto text = entry["text"].get<std::string>();
      CHECK(tokenizer->encode(text, false) == entry[entry.contains("spm") ? "spm" : "ids_plain"].get<Ids>());
      if (!entry.contains("spm")) CHECK(tokenizer->encode(text) == entry["ids"].get<Ids>());
    }
  }
}

/// Every instruction and output of the shared data files.
std::vector<std::string> shared_texts() {
  std::vector<std::string> texts;
  for (const char* part : {"data/eval", "data/train"}) {
    const auto folder = test::shared(part);
    if (!folder) return {};
    for (const auto& file : fs::directory_iterator(*folder)) {
      const auto rows = read_json(file.path());
      for (size_t i = 0; i < rows.size(); ++i) {
        for (const char* key : {"instruction", "output"}) {
          if (rows[i].contains(key) && rows[i][key].is_string()) texts.push_back(rows[i][key]);
        }
      }
    }
  }
  return texts;
}

TEST_CASE("tokenizer.model and tokenizer.json of one tokenizer agree over the shared texts", "[text]") {
  const auto texts = shared_texts();
  for (const auto& [name, has_model] : small_ones) {
    const auto folder = has_model ? test::shared(std::string("tokenizers/") + name) : std::nullopt;
    if (!folder || std::string(name) == "llama2-metaspace-small")
      continue;  // which puts no space before a text that begins with one
    const test::TempFolder alone;
    copy_model(*folder, alone.path());
    const auto by_json = load_tokenizer(*folder), by_model = load_tokenizer(alone.path());
    size_t differing = 0;
    for (const auto& text : texts) differing += by_json->encode(text) != by_model->encode(text);
    INFO(name);
    CHECK(differing == 0);
  }
}

TEST_CASE("The real vocabularies load and round-trip the shared texts", "[text]") {
  const auto packed = test::shared("tokenizers/real");
  if (!packed) return;
  const test::TempFolder folder;
  REQUIRE(std::system(("sh '" + (*packed / "unpack.sh").string() + "' '" + folder.path().string() + "'").c_str()) == 0);
  const auto texts = shared_texts();
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const auto tokenizer = load_tokenizer(entry.path());
    const std::string name = entry.path().filename();
    size_t differing = 0;
    for (const auto& text : texts) {
      const std::string back = tokenizer->decode(tokenizer->encode(text));
      // Sentencepiece's way of decoding drops the space that a text began with where encoding adds one.
      differing += back != text && normal_form(text, NormalForm::nfc) != back && " " + back != text;
    }
    INFO(name);
    CHECK(differing == 0);
  }
}

TEST_CASE("A folder without a usable tokenizer is refused", "[text]") {
  const test::TempFolder folder;
  CHECK_THAT(test::input_error([&] { load_tokenizer(folder.path()); }), test::Contains("no tokenizer is there"));
  CHECK_THAT(test::input_error([&] { load_tokenizer(folder / "gone"); }), test::Contains("is not a folder"));
  write_file(folder / "tokenizer.model", "garbage");
  CHECK_THAT(test::input_error([&] { load_tokenizer(folder.path()); }),
             test::Contains("cannot be read as a sentencepiece model"));
  write_file(folder / "tokenizer.model", "");
  CHECK_THAT(test::input_error([&] { load_tokenizer(folder.path()); }),
             test::Contains("cannot be read as a sentencepiece model"));
}

}  // namespace
}  // namespace hyplora

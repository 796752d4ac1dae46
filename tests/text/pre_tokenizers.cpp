// The words that pre-tokenizers make, as Hugging Face's tokenizers 0.23.3 makes them.
#include "text/pre_tokenizers.h"

#include "support/support.h"
#include "text/tokenizer.h"

namespace hyplora {
namespace {

using Parts = std::vector<std::string>;

Parts words_of(const Json& json, const std::string& text) {
  Words words{{{text, true}}, {}};
  for (const auto& step : make_pre_tokenizers({json, "here"}).steps) step(words);
  Parts made;
  for (const Word& word : words.words) made.emplace_back(word.text);
  return made;
}

const char* const text = "ab12 --c\u00b2!\n$x_y.";

Parts punctuated(const char* behavior) { return words_of({{"type", "Punctuation"}, {"behavior", behavior}}, text); }

TEST_CASE("Digits stand alone, one by one or in runs", "[text]") {
  CHECK(words_of({{"type", "Digits"}, {"individual_digits", true}}, text) ==
        Parts{"ab", "1", "2", " --c", "\u00b2", "!\n$x_y."});
  CHECK(words_of({{"type", "Digits"}}, text) == Parts{"ab", "12", " --c", "\u00b2", "!\n$x_y."});
}

TEST_CASE("Punctuation is cut off in five ways", "[text]") {
  CHECK(punctuated("Isolated") == Parts{"ab12 ", "-", "-", "c\u00b2", "!", "\n", "$", "x", "_", "y", "."});
  CHECK(punctuated("Removed") == Parts{"ab12 ", "c\u00b2", "\n", "x", "y"});
  CHECK(punctuated("MergedWithPrevious") == Parts{"ab12 -", "-", "c\u00b2!", "\n$", "x_", "y."});
  CHECK(punctuated("MergedWithNext") == Parts{"ab12 ", "-", "-c\u00b2", "!\n", "$x", "_y", "."});
  CHECK(punctuated("Contiguous") == Parts{"ab12 ", "--", "c\u00b2", "!", "\n", "$", "x", "_", "y", "."});
  CHECK_THAT(test::input_error([] { punctuated("Glued"); }), test::Contains("behavior: found \"Glued\""));
}

TEST_CASE("White space goes, with or without runs of other characters", "[text]") {
  CHECK(words_of({{"type", "Whitespace"}}, text) == Parts{"ab12", "--", "c", "\u00b2!", "$", "x_y", "."});
  CHECK(words_of({{"type", "WhitespaceSplit"}}, text) == Parts{"ab12", "--c\u00b2!", "$x_y."});
  CHECK(words_of({{"type", "BertPreTokenizer"}}, text) == Parts{"ab12", "-", "-", "c\u00b2", "!", "$", "x", "_", "y", "."});
  CHECK(words_of({{"type", "CharDelimiterSplit"}, {"delimiter", "-"}}, text) == Parts{"ab12 ", "c\u00b2!\n$x_y."});
}

TEST_CASE("Steps behind ByteLevel see bytes spelled as characters", "[text]") {
  const Json bytes{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  const Json digits{{"type", "Digits"}, {"individual_digits", false}};
  const Json sequence{{"type", "Sequence"}, {"pretokenizers", Json::array({bytes, digits})}};
  CHECK(words_of(sequence, "a 12") == Parts{"a\u0120", "12"});
  CHECK_FALSE(make_pre_tokenizers({sequence, "here"}).byte_level);
  CHECK(make_pre_tokenizers({bytes, "here"}).byte_level);
}

TEST_CASE("A pre-tokenizer that is not known is refused by name", "[text]") {
  CHECK_THAT(test::input_error([] {
               words_of({{"type", "UnicodeScripts"}}, "a");
             }),
             test::Contains("here: type: found \"UnicodeScripts\", which is not implemented"));
  CHECK_THAT(test::input_error([] {
               words_of({{"type", "CharDelimiterSplit"}, {"delimiter", "ab"}}, "a");
             }),
             test::Contains("delimiter: found \"ab\", expected one character"));
}

TEST_CASE("The shared pre-tokenizers give Hugging Face's ids", "[text]") {
  for (const char* name : {"smollm2", "deepseek", "falcon3", "whitespace"}) {
    const auto folder = test::shared(std::string("cases/tokenizer-pre-tokenizers/") + name);
    if (!folder) return;
    const auto tokenizer = load_tokenizer(*folder);
    for (const auto& entry : read_json(*folder / "expected.json")) {
      INFO(name << " " << entry["text"].dump());
      CHECK(tokenizer->encode(entry["text"].get<std::string>()) == entry["ids"].get<Ids>());
    }
  }
}

}  // namespace
}  // namespace hyplora

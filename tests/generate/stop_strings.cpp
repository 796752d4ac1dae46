#include "generate/stop_strings.h"

#include "generate/decode_options.h"

#include "support/support.h"

namespace hyplora {
namespace {

std::unique_ptr<Tokenizer> bundled_tokenizer() { return load_tokenizer(test::in_source("data/model")); }

/// The pieces that are given out for a text's tokens, joined, and whether it was stopped.
std::pair<std::string, bool> streamed(const Tokenizer& tokenizer, const std::string& text,
                                      const std::vector<std::string>& stops) {
  StoppedText stream(tokenizer, stops);
  std::string given;
  for (const int64_t id : tokenizer.encode(text)) {
    given += stream.next(id);
    for (const auto& stop : stops) CHECK_THAT(given, !test::Contains(stop));
  }
  given += stream.rest();
  return {given, stream.stopped()};
}

TEST_CASE("A text ends before the earliest stop string", "[generate]") {
  CHECK(before_stop("one two three", {"three", "two"}) == "one ");
  CHECK(before_stop("one two three", {"four"}) == "one two three");
  CHECK(before_stop("one", {}) == "one");
  CHECK(before_stop("one", {"one"}).empty());
  std::vector<std::string> stops;
  Fields fields = stop_fields(stops);
  CHECK_THAT(test::input_error([&] { fields.read_flag("stop", {"a", ""}); }), test::Contains("--stop: found [\"a\",\"\"]"));
}

TEST_CASE("A streamed text never shows a part of a stop string, and holds nothing back in the end", "[generate]") {
  const auto tokenizer = bundled_tokenizer();
  CHECK(streamed(*tokenizer, "The answer is 5.\n\n### Next", {"\n\n###"}) ==
        std::pair<std::string, bool>("The answer is 5.", true));
  CHECK(streamed(*tokenizer, "The answer is 5.\n\n##", {"\n\n###"}) ==
        std::pair<std::string, bool>("The answer is 5.\n\n##", false));
  CHECK(streamed(*tokenizer, "abcabcabd", {"abcabd"}) == std::pair<std::string, bool>("abc", true));
  CHECK(streamed(*tokenizer, "caf\xC3\xA9 \xE2\x82\xAC 5", {"\xE2\x82\xAC"}) ==
        std::pair<std::string, bool>("caf\xC3\xA9 ", true));
  CHECK(streamed(*tokenizer, "nothing here", {}) == std::pair<std::string, bool>("nothing here", false));
}

TEST_CASE("A stop watch keeps prompts apart", "[generate]") {
  const auto tokenizer = bundled_tokenizer();
  const std::vector<std::string> stops{"is 5"};
  StopWatch watch(*tokenizer, stops);
  const Ids first = tokenizer->encode("The answer is 5"), second = tokenizer->encode("The answer is 7");
  REQUIRE(first.size() == second.size());
  bool first_stopped = false, second_stopped = false;
  for (size_t i = 0; i < first.size(); ++i) {
    const auto end = static_cast<std::ptrdiff_t>(i + 1);
    first_stopped = watch.sees(0, Ids(first.begin(), first.begin() + end));
    second_stopped = watch.sees(1, Ids(second.begin(), second.begin() + end));
  }
  CHECK(first_stopped);
  CHECK_FALSE(second_stopped);
}

}  // namespace
}  // namespace hyplora

#include "data/contamination.h"

#include "support/support.h"

namespace hyplora {
namespace {

Row row(const std::string& instruction, const std::string& output = "o") {
  Row made;
  made.instruction = instruction;
  made.output = output;
  return made;
}

/// `count` words of their own, begun with `stem`.
std::string words(const std::string& stem, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i > 0 ? " " : "") + stem + std::to_string(i);
  return text;
}

using Found = std::optional<Contamination>;
Found found_in(const std::string& training, const std::string& test, const ContaminationOptions& options = {}) {
  return find_contamination({row("some other question of no interest"), row(training)}, {row("unrelated"), row(test)}, options)
      .at(1);
}

TEST_CASE("A row with a test question is found whatever its case, spaces and punctuation", "[data]") {
  const Found found = found_in("  how MANY apples; are there", "How many apples are there?");
  REQUIRE(found.has_value());
  CHECK(found->test_row == 1);
  CHECK(found->shared.empty());
  CHECK_FALSE(found_in("How many pears are there?", "How many apples are there?").has_value());
  Row split = row("How many");
  split.input = "apples?";
  CHECK(find_contamination({split}, {row("How many apples?")}, {}).at(0).has_value());
}

TEST_CASE("Thirteen words of a test question in a row are contamination, twelve are none", "[data]") {
  const std::string question = words("a", 30);
  for (const int shared : {12, 13}) {
    const Found found = found_in("before " + words("a", shared) + " after", question);
    CHECK(found.has_value() == (shared == 13));
    if (found) CHECK(found->shared == words("a", 13));
    if (found) CHECK(found->share == Approx(1.0 / 18));
  }
  CHECK(found_in("x", question + " y").has_value() == false);
  CHECK(find_contamination({row("q", "It restates: " + words("a", 13))}, {row(question)}, {}).at(0).has_value());
}

TEST_CASE("A question of 8 to 12 words counts when a row holds all of it, a shorter one only when it is equal", "[data]") {
  CHECK(found_in("before " + words("a", 8) + " after", words("a", 8)).has_value());
  CHECK_FALSE(found_in("before " + words("a", 7) + " after", words("a", 8)).has_value());
  CHECK_FALSE(found_in("before " + words("a", 7) + " after", words("a", 7)).has_value());
  CHECK(found_in(words("a", 7), words("a", 7)).has_value());
}

TEST_CASE("The words of an n-gram and the share that counts are options", "[data]") {
  const std::string question = words("a", 20), half = words("a", 13);
  CHECK(found_in(words("a", 5), question, {.ngram = 5}).has_value());
  CHECK_FALSE(found_in(half, question, {.ngram = 0}).has_value());
  CHECK(found_in(question + ".", question, {.ngram = 0}).has_value());
  CHECK(found_in(half, question, {.overlap = 0.1}).has_value());  // one of 8 runs
  CHECK_FALSE(found_in(half, question, {.overlap = 0.2}).has_value());
}

TEST_CASE("The frame that a set's questions share makes no contamination", "[data]") {
  const std::string opening = words("frame", 12) + " ", closing = " " + words("format", 6);
  std::vector<Row> training, tests;
  for (int i = 0; i < 20; ++i) {
    training.push_back(row(opening + "is there a " + words("train" + std::to_string(i) + "x", 9) + closing));
    tests.push_back(row(opening + "is there a " + words("test" + std::to_string(i) + "x", 9) + closing));
  }
  for (const auto& found : find_contamination(training, tests, {})) CHECK_FALSE(found.has_value());
  // Without its frame a question is still known.
  training.push_back(row("Tell me: is there a " + words("test7x", 9)));
  const Found found = find_contamination(training, tests, {}).back();
  REQUIRE(found.has_value());
  CHECK(found->test_row == 7);
}

TEST_CASE("A run that many different questions hold is nobody's in particular", "[data]") {
  const std::string passage = words("p", 13);
  const auto hits = [&](int count) {
    std::vector<Row> training;
    for (int i = 0; i < count; ++i)
      training.push_back(row(words("w" + std::to_string(i), 3) + " " + passage + " end" + std::to_string(i)));
    size_t found = 0;
    for (const auto& match : find_contamination(training, {row("ask " + passage + " so")}, {})) found += match.has_value();
    return found;
  };
  CHECK(hits(10) == 10);
  CHECK(hits(11) == 0);
}

}  // namespace
}  // namespace hyplora

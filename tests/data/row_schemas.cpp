#include "data/row_schemas.h"

#include <random>

#include "support/support.h"

namespace hyplora {
namespace {

Row row_of(const char* object, const std::string& schema = "auto") { return read_row(Json::parse(object), schema, "f: row 1"); }
std::string refusal(const char* object, const std::string& schema = "auto") {
  return test::input_error([&] { row_of(object, schema); });
}
std::vector<Row> rows_of(const std::string& content, const RowReading& how = {}) {
  const test::TempFolder folder;
  write_file(folder / "r.jsonl", content);
  return read_rows({(folder / "r.jsonl").string()}, how);
}

TEST_CASE("A row of GSM8K loses its calculator annotations and states its answer", "[data]") {
  const Row row = row_of(
      R"({"question": "How many clips?", "answer": "She sold 48/2 = <<48/2=24>>24 clips.\nIn all <<48+24=72>>1,072.\n#### 1,072"})");
  CHECK(row.instruction == "How many clips?");
  CHECK(row.output == "She sold 48/2 = 24 clips.\nIn all 1,072.\nThe answer is 1072.");
  CHECK(row.answer == "1072");
  CHECK(row_of(R"({"question": "q", "answer": "#### -3"})").output == "The answer is -3.");
  CHECK(row_of(R"({"question": "q", "answer": "a << b\n#### 1"})").output == "a << b\nThe answer is 1.");
}

TEST_CASE("A row of MATH takes its answer from the last box of the solution, or from its key", "[data]") {
  const Row row =
      row_of(R"({"problem": "1/2?", "level": "Level 1", "type": "Algebra", "solution": "It is \\boxed{\\frac{1}{2}}."})");
  CHECK(row.instruction == "1/2?");
  CHECK(row.output == "It is \\boxed{\\frac{1}{2}}.");
  CHECK(row.answer == "\\frac{1}{2}");
  CHECK(row_of(R"({"problem": "p", "solution": "\\boxed{1}", "answer": "2"})").answer == "2");
  CHECK_FALSE(row_of(R"({"problem": "p", "solution": "no box"})").answer.has_value());
}

TEST_CASE("A row of AQuA becomes the words of LLM-Adapters' file", "[data]") {
  const Row row = row_of(R"({"question": "2+2?", "options": ["A)4", "B) 5"], "rationale": "Count.", "correct": "A"})");
  CHECK(row.instruction == "2+2? Answer Choices: (A) 4 (B) 5");
  CHECK(row.output == "Count.\nThe answer is (A).");
  CHECK(row.answer == "A");
}

TEST_CASE("Of a chat the assistant's last turn is the output and the turns before it are the instruction", "[data]") {
  const Row one = row_of(R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]})");
  CHECK(one.instruction == "Hi");
  CHECK(one.output == "Hello");
  CHECK(row_of(R"({"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"},
                                {"role": "assistant", "content": "Yo"}]})")
            .instruction == "Be short.\n\nHi");
  const Row several = row_of(R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "A"},
      {"role": "assistant", "content": "B"}, {"role": "user", "content": [{"type": "text", "text": "C"}]},
      {"role": "assistant", "content": "D"}, {"role": "user", "content": "left out"}]})");
  CHECK(several.instruction == "S\n\nUser: A\n\nAssistant: B\n\nUser: C");
  CHECK(several.output == "D");
}

TEST_CASE("A row that does not keep to its schema is refused with its key", "[data]") {
  CHECK(refusal(R"({"question": "q", "answer": "72"})", "gsm8k") ==
        "f: row 1: key \"answer\": found no \"####\" before the number.");
  CHECK(refusal(R"({"question": "q", "answer": "#### "})").find("found nothing after") != std::string::npos);
  CHECK(refusal(R"({"question": "q", "options": ["x"], "correct": "A"})").find("begin with a letter") != std::string::npos);
  CHECK(refusal(R"({"question": "q", "options": ["A)1"], "correct": "B"})").find("found \"B\", which is none") !=
        std::string::npos);
  CHECK(refusal(R"({"messages": []})").find("at least one element") != std::string::npos);
  CHECK(refusal(R"({"messages": [{"role": "user", "content": "a"}]})").find("no message of role \"assistant\"") !=
        std::string::npos);
  CHECK(refusal(R"({"messages": [{"role": "assistant", "content": "a"}]})").find("nothing before") != std::string::npos);
  CHECK(refusal(R"({"messages": [{"role": "user", "content": null}]})").find("message 1: key \"content\": found null") !=
        std::string::npos);
  CHECK(refusal(R"({"messages": [{"content": "a"}]})").find("message 1: key \"role\" is missing") != std::string::npos);
  CHECK(refusal(R"({"foo": "t"})") ==
        "f: row 1: key \"instruction\" is missing; a row has instruction, input (may be absent) and "
        "output, or the keys of another schema; found \"foo\".");
}

TEST_CASE("Instructions, questions and problems are read by the names that their publishers gave them", "[data]") {
  const Row dolly = row_of(R"({"instruction": "Q", "context": "C", "response": "A", "category": "open_qa"})");
  CHECK(dolly.instruction == "Q");
  CHECK(dolly.input == "C");
  CHECK(dolly.output == "A");
  const Row plain = row_of(R"({"question": "Q", "answer": "The answer is 5"})");
  CHECK(plain.output == "The answer is 5");
  CHECK(plain.answer == "The answer is 5");
  const Row openmath = row_of(R"({"problem": "p", "generated_solution": "s \\boxed{5}", "expected_answer": "5"})");
  CHECK(openmath.output == "s \\boxed{5}");
  CHECK(openmath.answer == "5");
  CHECK_THAT(refusal(R"({"problem": "p", "generated_solution": null})"),
             test::Contains("key \"generated_solution\": found null, expected a string"));
  const Row text = row_of(R"({"text": "t"})");
  CHECK(text.is_text);
  CHECK(text.output == "t");
}

TEST_CASE("A number as an output is its digits", "[data]") {
  CHECK(row_of(R"({"instruction": "i", "output": 5})").output == "5");
  CHECK(row_of(R"({"instruction": "i", "output": -0.5})").output == "-0.5");
  CHECK_THAT(refusal(R"({"instruction": "i", "output": 123456789012345678901234567890})"), test::Contains("found number"));
  CHECK_THAT(refusal(R"({"instruction": "i", "output": true})"), test::Contains("found boolean, expected a string"));
}

TEST_CASE("A named schema is not guessed", "[data]") {
  const char* both = R"({"instruction": "i", "output": "o", "problem": "p", "solution": "s"})";
  CHECK(row_of(both).instruction == "i");
  CHECK(row_of(both, "math").instruction == "p");
  CHECK(refusal(both, "gsm8k") == "f: row 1: key \"question\" is missing; a row has question and answer.");
  CHECK_THAT(refusal(both, "csv"), test::Contains("expected auto, tokenised, preference, alpaca, dolly, chat, sharegpt, csqa"));
}

TEST_CASE("A file may be one object over several lines, and may begin with a byte-order mark", "[data]") {
  CHECK(rows_of("{\n  \"problem\": \"p\",\n  \"solution\": \"s\"\n}\n").at(0).instruction == "p");
  CHECK(rows_of("\xEF\xBB\xBF[{\"instruction\": \"i\", \"output\": \"o\"}]").at(0).instruction == "i");
  CHECK(
      rows_of("\xEF\xBB\xBF{\"instruction\": \"i\", \"output\": \"o\"}\n{\"instruction\": \"j\", \"output\": \"o\"}").size() ==
      2);
}

TEST_CASE("Rows that cannot be read are told and left out where the caller asks for it", "[data]") {
  std::vector<std::string> refused;
  RowReading how;
  how.refused = [&](const std::string& sentence) { refused.push_back(sentence); };
  const auto rows = rows_of(
      "{\"instruction\": \"i\", \"output\": \"o\"}\n{oops\n{\"instruction\": 3, \"output\": \"o\"}\n"
      "{\"instruction\": \"a\xFF\", \"output\": \"o\"}\n",
      how);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].instruction == "a\xEF\xBF\xBD");
  CHECK(rows[1].where.ends_with("row 4"));
  REQUIRE(refused.size() == 2);
  CHECK_THAT(refused[0], test::Contains("row 2: found text that is not JSON"));
  CHECK_THAT(refused[1], test::Contains("row 3: key \"instruction\": found number"));
  CHECK_THAT(test::input_error([] { rows_of("{\"instruction\": \"i\", \"output\": \"o\"}\n{\"instruction\": \"\xFF\"}\n"); }),
             test::Contains("row 2: found broken UTF-8"));
}

TEST_CASE("Damaged rows of every schema are refused, never a crash", "[data]") {
  const std::string good[] = {
      R"({"question": "How many?", "answer": "a <<1+1=2>>2\n#### 2"})",
      R"({"problem": "p", "solution": "\\boxed{\\frac{1}{2}}", "answer": "1"})",
      R"({"question": "q", "options": ["A)1", "B)2"], "rationale": "r", "correct": "A"})",
      R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"text": "a"}]},)"
      R"({"role": "assistant", "content": "b"}]})",
      R"({"question": {"stem": "s", "choices": [{"label": "A", "text": "x"}]}, "answerKey": "A"})",
      R"({"question": "s", "choices": {"label": ["A"], "text": ["x"]}, "answerKey": "A"})",
  };
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good[static_cast<size_t>(i) % std::size(good)];
    for (int n = 1 + static_cast<int>(random() % 4); n > 0; --n) {
      const size_t place = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[place] = static_cast<char>(random());
      } else {  // a piece is lost, so that values change their kind
        bytes.erase(place, random() % 8);
      }
      if (bytes.empty()) bytes.assign(1, ' ');
    }
    try {
      rows_of(bytes);
    } catch (const InputError&) {
    }
  }
}

TEST_CASE("An attention_mask takes the padding off a tokenised row, on either side", "[data]") {
  const Row right = row_of(R"({"input_ids": [5, 6, 7, 0, 0], "attention_mask": [1, 1, 1, 0, 0]})"),
            left = row_of(
                R"({"input_ids": [0, 0, 5, 6, 7], "labels": [-100, -100, -100, 6, 7], "attention_mask": [0, 0, 1, 1, 1]})");
  CHECK(right.input_ids == Ids{5, 6, 7});
  CHECK(right.labels == right.input_ids);
  CHECK(left.input_ids == Ids{5, 6, 7});
  CHECK(left.labels == Ids{-100, 6, 7});
  const auto refusal = [](const char* mask) {
    const std::string row = std::string(R"({"input_ids": [5, 6, 7], "attention_mask": )") + mask + "}";
    return test::input_error([&] { row_of(row.c_str()); });
  };
  CHECK_THAT(refusal("[1, 1]"), test::Contains("found 2 attention_mask for 3 input_ids"));
  CHECK_THAT(refusal("[1, 2, 1]"), test::Contains("found 2, expected 0 or 1"));
  CHECK_THAT(refusal("[1, 0, 1]"), test::Contains("has a gap"));
  CHECK_THAT(refusal("[0, 0, 0]"), test::Contains("is 0 everywhere"));
}

}  // namespace
}  // namespace hyplora

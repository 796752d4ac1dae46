// Verdicts on completions of a file.
#include "eval/score.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

TEST_CASE("Completions of a file are judged line by line, by both readings", "[eval]") {
  const test::TempFolder folder;
  const fs::path file = folder / "made.jsonl";
  write_file(file, R"({"benchmark": "gsm8k", "answer": "72", "output": "The answer is 72, in 2 steps."}
{"benchmark": "AQuA", "answer": "D", "output": "**D) 12**", "id": 7}

{"benchmark": "arc-easy", "answer": "answer1", "output": "no idea"}
{"benchmark": "svamp", "answer": 0.5, "output": "1/2"}
)");
  const auto verdicts = scored_lines(file);
  REQUIRE(verdicts.size() == 4);
  CHECK(verdicts[0] == Json{{"pred", "2"}, {"correct", false}, {"pred_strict", "72"}, {"correct_strict", true}});
  CHECK(verdicts[1] == Json{{"pred", "D"}, {"correct", true}, {"pred_strict", "D"}, {"correct_strict", true}});
  CHECK(verdicts[2] == Json{{"pred", nullptr}, {"correct", false}, {"pred_strict", nullptr}, {"correct_strict", false}});
  CHECK(verdicts[3] == Json{{"pred", "2"}, {"correct", false}, {"pred_strict", "0.5"}, {"correct_strict", true}});
}

TEST_CASE("A line that cannot be judged is refused with its file and number", "[eval]") {
  const test::TempFolder folder;
  const fs::path file = folder / "made.jsonl";
  const std::string good = R"({"benchmark": "gsm8k", "answer": "72", "output": "72"})";
  const auto refusal = [&](const std::string& line) {
    write_file(file, good + "\n" + line + "\n");
    return test::input_error([&] { scored_lines(file); });
  };
  const std::string where = file.string() + ": line 2";
  for (const char* line :
       {"{", "3", "[]", R"({"answer": "72", "output": "72"})", R"({"benchmark": "gsm8k", "output": "72"})",
        R"({"benchmark": "gsm8k", "answer": "72"})", R"({"benchmark": "gsm8k", "answer": "72", "output": 72})",
        R"({"benchmark": "gsm8k", "answer": null, "output": "72"})", R"({"benchmark": "loss", "answer": "72", "output": ""})",
        R"({"benchmark": "gsm8k", "answer": "none", "output": "72"})", "\xff"}) {
    INFO(line);
    CHECK_THAT(refusal(line), Contains(where));
  }
  CHECK_THAT(refusal(R"({"benchmark": "gsm9k", "answer": "72", "output": "72"})"),
             Contains(where + ": key \"benchmark\": found \"gsm9k\"") && Contains("the nearest is \"gsm8k\""));
  write_file(file, "\n");
  CHECK_THAT(test::input_error([&] { scored_lines(file); }), Contains("made.jsonl: no lines"));
}

}  // namespace
}  // namespace hyplora

// Extraction and verdicts: completions in the formats that models write, by the paper's rules and by the stricter ones.
#include "eval/answers.h"

#include "eval/tasks.h"
#include "support/support.h"

namespace hyplora {
namespace {

struct Case {
  const char* task;
  const char* gold;
  const char* completion;
  const char* pred;  // by the paper's rule
  bool right;        // by the paper's rule
  bool right_strictly;
};

const Case cases[] = {
    // numbers: the last one counts, commas are dropped
    {"gsm8k", "29", "The total is $29.00", "29", true, true},
    {"gsm8k", "29.0", "He pays 29 dollars.", "29", true, true},
    {"gsm8k", "1234", "She has 1,234 apples.", "1234", true, true},
    {"gsm8k", "1234567", "1,234,567", "1234567", true, true},
    {"gsm8k", "5", "The answer is 5.", "5", true, true},
    {"gsm8k", "5", "The answer is 5. There were 7 before.", "7", false, true},
    {"gsm8k", "5", "#### 5", "5", true, true},
    {"gsm8k", "18", "9 * 2 = 18\n#### 18", "18", true, true},
    {"gsm8k", "18", "#### 18\nquestion 2", "2", false, true},
    {"gsm8k", "-3", "It is -3 degrees.", "-3", true, true},
    {"gsm8k", "3", "10-3", "-3", false, true},
    {"gsm8k", "0.5", "1/2", "2", false, true},
    {"gsm8k", "0.75", "\\boxed{\\frac{3}{4}}", "4", false, true},
    {"gsm8k", "12", "\\boxed{12}", "12", true, true},
    {"gsm8k", "12", "\\boxed{12} since 3 * 4", "4", false, true},
    {"gsm8k", "1000", "\\boxed{\\$1,000}", "1000", true, true},
    {"gsm8k", "50", "50%", "50", true, true},
    {"gsm8k", "7", "I do not know.", "", false, false},
    {"gsm8k", "7", "", "", false, false},
    {"gsm8k", "7", "seven", "", false, false},
    {"gsm8k", "9.8", "about 9.801", "9.801", true, true},
    {"gsm8k", "9.8", "about 9.802", "9.802", false, false},
    {"gsm8k", "10", "10.", "10", true, true},
    {"gsm8k", "10", "10.0 apples and nothing else", "10", true, true},
    {"gsm8k", "2", "2 and then 3", "3", false, false},
    {"svamp", "8.0", "A: 32 / 4 = 8. The answer is 8.", "8", true, true},
    {"svamp", "8.0", "The answer is: 8 crackers", "8", true, true},
    {"svamp", "8.0", "answer: 8", "8", true, true},
    {"svamp", "145.0", "145 .", "145", true, true},
    {"mawps", "1.8333333333333335", "1.833", "1.833", true, true},
    {"mawps", "1.8333333333333335", "11/6", "6", false, true},
    {"addsub", "4", "7 - 3 = 4 crayons. The answer is 4.", "4", true, true},
    {"addsub", "4", "there are 4 crayons left from 7", "7", false, false},
    {"multiarith", "15.0", "13 + 17 = 30. 30 - 15 = 15", "15", true, true},
    {"singleeq", "9.0", "80 - 17 = 63, 63 / 7 = 9", "9", true, true},
    {"singleeq", "1200",
     "The sum is \xE2\x82\xAC"
     "1,200",
     "1200", true, true},
    // letters
    {"aqua", "A", "The answer is (A)", "A", true, true},
    {"aqua", "A", "\\boxed{A}", "A", true, true},
    {"aqua", "A", "\\boxed{\\text{A}}", "A", true, true},
    {"aqua", "A", "\\boxed{\\text{(A)}}", "A", true, true},
    {"aqua", "A", "\\boxed{(A)}", "A", true, true},
    {"aqua", "B", "(A) is wrong, so (B)", "B", true, false},
    {"aqua", "A", "(A) is right, (B) is wrong", "B", false, false},
    {"aqua", "C", "The correct answer is C", "C", true, true},
    {"aqua", "C", "the answer is: C.", "C", true, true},
    {"aqua", "C", "ANSWER IS C", "C", true, true},
    {"aqua", "A", "the answer is about 5", "a", false, false},
    {"aqua", "D", "Therefore it is D.", "D", true, false},
    {"aqua", "E", "Option E", "E", true, false},
    {"aqua", "E", "option (E)", "E", true, false},
    {"aqua", "E", "E", "", false, true},
    {"aqua", "E", "E.", "", false, true},
    {"aqua", "B", "B) 27", "B", true, false},
    {"aqua", "B", "none of these", "", false, false},
    {"aqua", "B", "", "", false, false},
    {"mathqa", "D", "The options say D ) 5, so the answer is D", "D", true, true},
    {"mathqa", "A", "\\boxed{B} not A)", "B", false, false},
    // words: the first one counts
    {"boolq", "true", "the correct answer is true", "true", true, true},
    {"boolq", "false", "the correct answer is False.", "false", true, true},
    {"boolq", "true", "It is not false but true", "false", false, false},
    {"boolq", "true", "TRUE", "true", true, true},
    {"boolq", "true", "untrue", "true", true, false},
    {"boolq", "true", "yes", "", false, false},
    {"piqa", "solution1", "the correct answer is solution1", "solution1", true, true},
    {"piqa", "solution2", "Solution2", "solution2", true, true},
    {"piqa", "solution2", "solution1 or solution2", "solution1", false, false},
    {"piqa", "solution1", "solution 1", "", false, false},
    {"social_i_qa", "answer3", "the correct answer is answer3", "answer3", true, true},
    {"social_i_qa", "answer1", "Answer1: make a new plan", "answer1", true, true},
    {"social_i_qa", "answer1", "answer2 is worse than answer1", "answer2", false, false},
    {"arc_easy", "answer5", "answer5", "answer5", true, true},
    {"arc_challenge", "answer1", "answer10", "answer1", true, false},
    {"openbookqa", "answer2", "the correct answer is answer2, the correct answer is answer2", "answer2", true, true},
    {"csqa", "answer4", "the correct answer is answer4", "answer4", true, true},
    {"hellaswag", "ending3", "the correct answer is ending3", "ending3", true, true},
    {"hellaswag", "ending3", "ending 3", "", false, false},
    {"winogrande", "option2", "the correct answer is option2", "option2", true, true},
    {"winogrande", "option1", "Option1", "option1", true, true},
    // LaTeX
    {"math500", "\\frac{1}{2}", "\\boxed{\\frac12}", "\\frac12", true, true},
    {"math500", "\\frac{1}{2}", "\\boxed{1/2}", "1/2", true, true},
    {"math500", "\\frac{1}{2}", "\\boxed{0.5}", "0.5", true, true},
    {"math500", "\\frac{3}{4}", "\\boxed{\\dfrac{3}{4}}", "\\dfrac{3}{4}", true, true},
    {"math500", "2\\sqrt{3}", "\\boxed{2 \\sqrt3}", "2 \\sqrt3", true, true},
    {"math500", "10", "\\boxed{10\\text{ cm}}", "10\\text{ cm}", true, true},
    {"math500", "10", "\\boxed{x=10}", "x=10", true, true},
    {"math500", "1000", "\\boxed{1,000}", "1,000", true, true},
    {"math500", "(3,4)", "\\boxed{\\left( 3, 4 \\right)}", "\\left( 3, 4 \\right)", true, true},
    {"math500", "90", "\\boxed{90^\\circ}", "90^\\circ", true, true},
    {"math500", "50\\%", "\\boxed{50}", "50", true, true},
    {"math500", "\\$32,348", "\\boxed{32348}", "32348", true, true},
    {"math500", "odd", "\\boxed{\\text{odd}}", "\\text{odd}", true, true},
    {"math500", "\\text{odd}", "\\boxed{odd}", "odd", true, true},
    {"math500", "7", "The answer is 7.", "7", true, false},
    {"math500", "7", "so $x = 7$", "x = 7", true, false},
    {"math500", "7", "we get 7", "7", true, false},
    {"math500", ".5", "\\boxed{0.50}", "0.50", false, false},
    {"math500", "3", "\\boxed{\\frac{9}{3}}", "\\frac{9}{3}", false, false},
    {"math500", "x^2+1", "\\boxed{x^2 + 1}", "x^2 + 1", true, true},
    {"math500", "x^2+1", "\\boxed{x^{2}+1}", "x^{2}+1", false, false},
};

TEST_CASE("Answers are read out of completions as the paper's scripts read them, and strictly beside it", "[eval]") {
  for (const Case& c : cases) {
    Row row;
    row.where = "f: row 1";
    row.answer = c.gold;
    const Task& task = find_task(c.task);
    const Judgement got = judge(task, row, c.completion), strict = judge_strictly(task, row, c.completion);
    INFO(c.task << ", gold " << c.gold << ": " << c.completion << " -> \"" << got.pred << "\", strictly \"" << strict.pred
                << "\"");
    CHECK(got.pred == c.pred);
    CHECK(got.correct == c.right);
    CHECK(strict.correct == c.right_strictly);
  }
}

TEST_CASE("Every row of the shared benchmark files has a gold answer, and its own reference output is right where it has one",
          "[eval]") {
  const auto folder = test::shared("data/eval");
  if (!folder) return;
  for (const auto& file : fs::directory_iterator(*folder)) {
    const Task& task = task_of_file(file.path());
    int64_t rows = 0, right = 0;
    for (const Row& row : read_rows({file.path().string()})) {
      check_gold(task, row);
      if (row.output.empty()) continue;
      ++rows;
      right += judge(task, row, row.output).correct;
    }
    INFO(file.path().filename().string() << ": " << right << " of " << rows);
    if (task.verdict == Verdict::word) CHECK(right == rows);
    CHECK(right >= rows * 3 / 10);
  }
}

TEST_CASE("MATH and CommonsenseQA are read as their publishers write them", "[eval]") {
  const test::TempFolder folder;
  write_file(folder / "math500.jsonl",
             R"({"problem": "1/2?", "solution": "\\boxed{\\frac12}", "answer": "\\frac{1}{2}", "level": 1})");
  const Row math = read_rows({(folder / "math500.jsonl").string()}).at(0);
  CHECK(math.instruction == "1/2?");
  CHECK(judge(find_task("math500"), math, math.output).correct);
  write_file(
      folder / "csqa.jsonl",
      R"({"answerKey": "B", "question": {"stem": "Where?", "choices": [{"label": "A", "text": "bank"}, {"label": "B", "text": "sea"}]}})"
      "\n"
      R"({"answerKey": "A", "question": "Who?", "choices": {"label": ["A", "B"], "text": ["I", "you"]}})");
  const auto rows = read_rows({(folder / "csqa.jsonl").string()});
  CHECK(rows.at(0).instruction ==
        "Please choose the correct answer to the question: Where?\n\nAnswer1: bank Answer2: sea\n\nAnswer format: "
        "answer1/answer2");
  CHECK(rows.at(0).answer == "answer2");
  CHECK(rows.at(1).answer == "answer1");
  write_file(folder / "bad.jsonl", R"({"answerKey": "B", "question": {"stem": "Where?"}})");
  CHECK(test::input_error([&] { read_rows({(folder / "bad.jsonl").string()}); }).find("choices") != std::string::npos);
}

}  // namespace
}  // namespace hyplora

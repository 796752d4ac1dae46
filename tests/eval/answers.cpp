// Extraction and verdicts: completions in the formats that models write, by the paper's rules and by the stricter ones.
#include "eval/answers.h"

#include <sstream>

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
    {"aqua", "A", "(A) is right, (B) is wrong", "B", false, true},
    {"aqua", "C", "The correct answer is C", "C", true, true},
    {"aqua", "C", "the answer is: C.", "C", true, true},
    {"aqua", "C", "ANSWER IS C", "C", true, true},
    {"aqua", "A", "the answer is about 5", "a", false, false},
    {"aqua", "D", "Therefore it is D.", "D", true, false},
    {"aqua", "E", "Option E", "E", true, true},
    {"aqua", "E", "option (E)", "E", true, true},
    {"aqua", "E", "E", "", false, true},
    {"aqua", "E", "E.", "", false, true},
    {"aqua", "B", "B) 27", "B", true, true},
    {"aqua", "B", "none of these", "", false, false},
    {"aqua", "B", "", "", false, false},
    {"mathqa", "D", "The options say D ) 5, so the answer is D", "D", true, true},
    {"mathqa", "A", "\\boxed{B} not A)", "B", false, false},
    // words: the first one counts
    {"boolq", "true", "the correct answer is true", "true", true, true},
    {"boolq", "false", "the correct answer is False.", "false", true, true},
    {"boolq", "true", "It is not false but true", "false", false, true},
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
    {"math500", ".5", "\\boxed{0.50}", "0.50", false, true},
    {"math500", "3", "\\boxed{\\frac{9}{3}}", "\\frac{9}{3}", false, false},
    {"math500", "x^2+1", "\\boxed{x^2 + 1}", "x^2 + 1", true, true},
    {"math500", "x^2+1", "\\boxed{x^{2}+1}", "x^{2}+1", false, true},
    // more of each kind
    {"gsm8k", "576.0", "He needs 24*24=576 tiles", "576", true, true},
    {"gsm8k", "576", "So the answer is 576 tiles.", "576", true, true},
    {"gsm8k", "576", "So the answer is 576 tiles per 2 rooms", "2", false, true},
    {"gsm8k", "576", "$576", "576", true, true},
    {"gsm8k", "1500", "1,500 dollars", "1500", true, true},
    {"gsm8k", "1500", "1500.00", "1500", true, true},
    {"gsm8k", "1500.5", "$1,500.50", "1500.5", true, true},
    {"gsm8k", "12", "12 in total", "12", true, true},
    {"gsm8k", "12", "twelve (12)", "12", true, true},
    {"gsm8k", "12", "12!", "12", true, true},
    {"gsm8k", "12", "**12**", "12", true, true},
    {"gsm8k", "12", "The answer is **12**", "12", true, true},
    {"gsm8k", "12", "Answer: 12", "12", true, true},
    {"gsm8k", "12", "ANSWER IS 12", "12", true, true},
    {"gsm8k", "12", "the answer is twelve", "", false, false},
    {"gsm8k", "12", "12\n\n### Instruction:\nWhat is 3 + 4?", "4", false, false},
    {"gsm8k", "12", "The answer is 12.\n\n### Instruction:\nWhat is 3 + 4?", "4", false, true},
    {"gsm8k", "12", "The answer is 12. The answer is 13.", "13", false, false},
    {"gsm8k", "0", "The answer is 0", "0", true, true},
    {"gsm8k", "0", "nothing is left: 0", "0", true, true},
    {"gsm8k", "-5", "The answer is -5", "-5", true, true},
    {"gsm8k", "5", "8-3=5", "5", true, true},
    {"gsm8k", "3", "3 hours", "3", true, true},
    {"gsm8k", "3", "3:00", "0", false, false},
    {"gsm8k", "25", "25%", "25", true, true},
    {"gsm8k", "25", "The answer is 25 %", "25", true, true},
    {"gsm8k", "0.25", "The answer is 1/4", "4", false, true},
    {"gsm8k", "0.25", "The answer is .25", "25", false, true},
    {"gsm8k", "0.25", "The answer is 0.25", "0.25", true, true},
    {"gsm8k", "7", "#### 7.", "7", true, true},
    {"gsm8k", "7", "#### $7", "7", true, true},
    {"gsm8k", "7", "####7", "7", true, true},
    {"gsm8k", "1000000", "1,000,000", "1000000", true, true},
    {"gsm8k", "1000000", "1 000 000", "0", false, true},
    {"svamp", "3.0", "A: 3", "3", true, true},
    {"svamp", "3.0", "3 3 3", "3", true, true},
    {"svamp", "3.0", "2, 3", "3", true, true},
    {"svamp", "12.0", "7 + 5 = 12.0", "12", true, true},
    {"svamp", "12.0", "7 + 5", "5", false, false},
    {"svamp", "12.0", "x = 12", "12", true, true},
    {"svamp", "12.0", "12 = x", "12", true, true},
    {"mawps", "0.5", "0.5", "0.5", true, true},
    {"mawps", "0.5", ".5", "5", false, true},
    {"mawps", "2.25", "2.2500", "2.25", true, true},
    {"mawps", "2.25", "2.2509", "2.2509", true, true},
    {"mawps", "2.25", "2.2511", "2.2511", false, false},
    {"mawps", "100", "one hundred", "", false, false},
    {"addsub", "9.7", "9.70 dollars", "9.7", true, true},
    {"addsub", "9.7", "The answer is 9.7.", "9.7", true, true},
    {"addsub", "70", "70 seashells in all", "70", true, true},
    {"multiarith", "8.0", "(3 + 5) = 8 pages", "8", true, true},
    {"multiarith", "8.0", "8 pages on 2 days", "2", false, false},
    {"singleeq", "60", "$ 60", "60", true, true},
    {"singleeq", "60", "60 miles / hour", "60", true, true},
    {"singleeq", "60", "60 mph for 1 hour", "1", false, false},
    {"aqua", "A", "(A)", "A", true, true},
    {"aqua", "A", "the answer is (A)", "A", true, true},
    {"mathqa", "A", "\\boxed{A}", "A", true, true},
    {"aqua", "B", "(B)", "B", true, true},
    {"aqua", "B", "the answer is (B)", "B", true, true},
    {"mathqa", "B", "\\boxed{B}", "B", true, true},
    {"aqua", "C", "(C)", "C", true, true},
    {"aqua", "C", "the answer is (C)", "C", true, true},
    {"mathqa", "C", "\\boxed{C}", "C", true, true},
    {"aqua", "D", "(D)", "D", true, true},
    {"aqua", "D", "the answer is (D)", "D", true, true},
    {"mathqa", "D", "\\boxed{D}", "D", true, true},
    {"aqua", "E", "(E)", "E", true, true},
    {"aqua", "E", "the answer is (E)", "E", true, true},
    {"mathqa", "E", "\\boxed{E}", "E", true, true},
    {"aqua", "B", "The answer is B, not C", "B", true, true},
    {"aqua", "B", "the correct answer is (B) 27", "B", true, true},
    {"aqua", "B", "B is the answer", "", false, true},
    {"aqua", "B", "answer: B", "", false, true},
    {"aqua", "B", "Option B", "B", true, true},
    {"mathqa", "C", "c", "", false, false},
    {"mathqa", "C", "the answer is C ) 30", "C", true, true},
    {"mathqa", "C", "(C) or (D)", "D", false, false},
    {"csqa", "answer1", "the correct answer is answer1", "answer1", true, true},
    {"arc_easy", "answer1", "ANSWER1", "answer1", true, true},
    {"csqa", "answer2", "the correct answer is answer2", "answer2", true, true},
    {"arc_easy", "answer2", "ANSWER2", "answer2", true, true},
    {"csqa", "answer3", "the correct answer is answer3", "answer3", true, true},
    {"arc_easy", "answer3", "ANSWER3", "answer3", true, true},
    {"csqa", "answer4", "the correct answer is answer4", "answer4", true, true},
    {"arc_easy", "answer4", "ANSWER4", "answer4", true, true},
    {"csqa", "answer5", "the correct answer is answer5", "answer5", true, true},
    {"arc_easy", "answer5", "ANSWER5", "answer5", true, true},
    {"hellaswag", "ending1", "the correct answer is ending1", "ending1", true, true},
    {"hellaswag", "ending2", "the correct answer is ending2", "ending2", true, true},
    {"hellaswag", "ending4", "the correct answer is ending4", "ending4", true, true},
    {"boolq", "false", "false", "false", true, true},
    {"boolq", "false", "False, because it is not true", "false", true, true},
    {"boolq", "true", "no", "", false, false},
    {"piqa", "solution1", "The correct answer is Solution1.", "solution1", true, true},
    {"piqa", "solution1", "first solution", "", false, false},
    {"winogrande", "option1", "option2", "option2", false, false},
    {"winogrande", "option2", "option1 is not right, option2 is", "option1", false, true},
    {"openbookqa", "answer4", "answer4\n\nanswer4", "answer4", true, true},
    {"social_i_qa", "answer2", "answer 2", "", false, false},
    {"math500", "5", "\\boxed{5}", "5", true, true},
    {"math500", "5", "$\\boxed{5}$", "5", true, true},
    {"math500", "5", "\\boxed{4} no, \\boxed{5}", "5", true, true},
    {"math500", "-\\frac{2}{3}", "\\boxed{-\\frac23}", "-\\frac23", true, true},
    {"math500", "-\\frac{2}{3}", "\\boxed{-2/3}", "-2/3", true, true},
    {"math500", "\\sqrt{2}", "\\boxed{\\sqrt2}", "\\sqrt2", true, true},
    {"math500", "\\pi", "\\boxed{\\pi}", "\\pi", true, true},
    {"math500", "6\\pi", "\\boxed{6 \\pi}", "6 \\pi", true, true},
    {"math500", "[0,1]", "\\boxed{[0, 1]}", "[0, 1]", true, true},
    {"math500", "(0,1)", "\\boxed{[0,1]}", "[0,1]", false, false},
    {"math500", "\\frac{x}{2}", "\\boxed{\\tfrac{x}{2}}", "\\tfrac{x}{2}", true, true},
    {"math500", "42", "The answer is $42$.", "42", true, false},
    {"math500", "42", "nothing", "", false, false},
    // spellings of one number
    {"gsm8k", "9500", "So it is \\boxed{$9{,}500}.", "500", false, true},
    {"gsm8k", "9500",
     "The answer is 9\xE2\x80\xAF"
     "500.",
     "500", false, true},
    {"gsm8k", "9500", "The answer is $9\\,500$", "500", false, true},
    {"gsm8k", "-5",
     "The answer is \xE2\x88\x92"
     "5.",
     "5", false, true},
    {"gsm8k", "-5", "The answer is -$5.", "5", false, true},
    {"gsm8k", "1.5", "The answer is 1 1/2 cups.", "2", false, true},
    {"gsm8k", "2.75", "\\boxed{2\\dfrac{3}{4}}", "4", false, true},
    {"gsm8k", "0.5", "\\boxed{\\tfrac12}", "12", false, true},
    {"gsm8k", "1500", "The answer is 1.5e3.", "3", false, true},
    {"gsm8k", "1500", "The answer is $1.5 \\times 10^{3}$.", "3", false, true},
    {"gsm8k", "20", "The answer is \xEF\xBC\x92\xEF\xBC\x90.", "", false, true},
    // which number is stated
    {"gsm8k", "18", "The answer is 9 * 2 = 18 eggs.", "18", true, true},
    {"gsm8k", "18", "The answer is 18 (since 6 * 3 = 18 and 2 = 2).", "2", false, true},
    {"gsm8k", "3", "The answer is 3 because 4 + 3 = 7.", "7", false, true},
    {"gsm8k", "7", "The answer is 5. Wait, that is wrong. The answer is 7.", "7", true, true},
    {"gsm8k", "7", "#### Step 1: add\n3 + 4 = 7\n\n**Answer:** 7", "7", true, true},
    {"gsm8k", "7", "Put it into \\boxed{}. The answer is 7, found in 2 steps", "2", false, true},
    {"gsm8k", "7", "<answer>7</answer> (2 steps)", "2", false, true},
    // gold answers of one's own files
    {"svamp", "3/4", "The answer is 3/4.", "4", false, true},
    {"svamp", "3/4", "4", "4", false, false},
    {"svamp", ".5", "The answer is 0.5.", "0.5", true, true},
    {"svamp", "1e+21", "21", "21", false, false},
    {"svamp", "5 m^2", "It is 5", "5", true, true},
    {"svamp", "12 (out of 30)", "30", "30", false, false},
    {"svamp", "1,234", "1234", "1234", true, true},
    // letters
    {"aqua", "D", "Answer: **D**", "", false, true},
    {"aqua", "D", "The answer is $\\mathbf{D}$", "", false, true},
    {"aqua", "D", "\\boxed{D) 12}", "D", true, true},
    {"aqua", "D", "\\boxed{\\textbf{(D)}\\ 12}", "D", true, true},
    {"aqua", "D", "The correct option is D", "D", true, true},
    {"aqua", "A", "The answer is A value that depends on x.", "A", true, false},
    {"aqua", "A", "The answer is A because it fits.", "A", true, true},
    // LaTeX
    {"math500", "\\sqrt[3]{2}", "\\boxed{\\sqrt[3]2}", "\\sqrt[3]2", false, true},
    {"math500", "\\frac{\\sqrt{3}}{2}", "\\boxed{\\frac{\\sqrt3}2}", "\\frac{\\sqrt3}2", false, true},
    {"math500", "-\\frac{1}{2}", "\\boxed{\\frac{-1}{2}}", "\\frac{-1}{2}", false, true},
    {"math500", "-\\frac{1}{2}", "\\boxed{\\frac{1}{-2}}", "\\frac{1}{-2}", false, true},
    {"math500", "10080", "\\boxed{10{,}080}", "10{,}080", false, true},
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

TEST_CASE("Completions that people reported as misread are read strictly as they are meant", "[eval]") {
  for (const char* kind : {"strict", "letter", "latex", "gold"}) {
    const auto file = test::shared(std::string("cases/") + kind + "-reading/fails.jsonl");
    if (!file) continue;
    std::istringstream lines(read_file(*file));
    for (std::string line; std::getline(lines, line);) {
      const Json given = parse_json(line, file->string());
      Row row;
      row.where = file->string();
      row.answer = given["answer"].get<std::string>();
      INFO(line);
      CHECK(judge_strictly(find_task(given["task"]), row, given["text"]).correct == given.value("expect", true));
    }
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
    if (task.verdict == &word_verdict) CHECK(right == rows);
    CHECK(right >= rows * 3 / 10);
  }
}

TEST_CASE("A gold answer is what its benchmark's kind of verdict takes for one", "[eval]") {
  const auto refusal = [](const char* task, const std::optional<std::string>& answer) {
    Row row;
    row.where = "f: row 1";
    row.answer = answer;
    return test::input_error([&] { check_gold(find_task(task), row); });
  };
  CHECK(refusal("gsm8k", "none") == "f: row 1: key \"answer\": found \"none\", expected a number to score against.");
  CHECK(refusal("aqua", "F") == "f: row 1: key \"answer\": found \"F\", expected a letter A to E to score against.");
  CHECK(refusal("aqua", "A\n").find("expected a letter A to E") != std::string::npos);
  CHECK(refusal("math500", std::nullopt) ==
        "f: row 1: key \"answer\": found nothing, expected an expression to score against.");
  CHECK(refusal("boolq", "True") == "f: row 1: key \"answer\": found \"True\", expected one of true|false to score against.");
  check_gold(find_task("loss"), Row());
}

TEST_CASE("Every benchmark's verdict has a name and a version, and loss alone judges nothing", "[eval]") {
  for (const auto& name : task_names()) {
    const Task& task = find_task(name);
    INFO(name);
    CHECK(task.verdict->version >= 1);
    CHECK(std::string(task.verdict->name) != "");
    CHECK(task.measures_loss() == (name == "loss"));
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

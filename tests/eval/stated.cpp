// The strict readings: spellings and statements that mean one answer, and others that mean another one.
#include <cmath>

#include "eval/answers.h"
#include "eval/tasks.h"
#include "support/support.h"

namespace hyplora {
namespace {

struct Case {
  const char* task;
  const char* gold;
  const char* completion;
  bool right;
};

const Case cases[] = {
    // numbers: equations, statements, headings, thousands, minus signs, fractions, mixed numbers, powers of ten, digits, boxes
    {"gsm8k", "9", "The answer is 5 + 4 = 9.", true},
    {"gsm8k", "9", "The answer is $5 + $4 = $9.", true},
    {"gsm8k", "9", "The answer is 5 apples + 4 apples = 9 apples.", true},
    {"gsm8k", "9", "The answer is 2 + 3 + 4 = 5 + 4 = 9.", true},
    {"gsm8k", "9", "The answer is 9 = 5 + 4.", true},
    {"gsm8k", "9", "The answer is 5 plus 4, which is 9.", true},
    {"gsm8k", "9", R"(The answer is $3 \times 3 = 9$.)", true},
    {"gsm8k", "9", R"(\boxed{5 + 4 = 9})", true},
    {"gsm8k", "9", "#### 5 + 4 = 9", true},
    {"gsm8k", "9", "The answer is x = 9.", true},
    {"gsm8k", "9", "The answer is 9 because 5 + 4 = 9 and 9 - 4 = 5.", true},
    {"gsm8k", "9", "The answer is 9 (5 + 4 = 9, 2 * 2 = 4).", true},
    {"gsm8k", "9", "The answer is 9: 5 + 4 = 9, 3 + 1 = 4", true},
    {"gsm8k", "9", "The answer is 9 and 18 / 2 = 9 was used with 3 = 3", true},
    {"gsm8k", "9", "The answer is 12 - 3 = <<12-3=9>>9", true},
    {"gsm8k", "14", "The answer is 4 jars, or 4 * 3.5 = 14 litres.", true},
    {"gsm8k", "7", "The answer is 5. Wait, no. The answer is 7.", true},
    {"gsm8k", "7", "The answer is not 5, but 7.", true},
    {"gsm8k", "7", "The answer is 7. That answer is correct.", true},
    {"gsm8k", "7", "The answer is 7. This answer is right since 3 is odd.", true},
    {"gsm8k", "7", "The answer is:\n\n$$7$$\nwhich took 3 steps", true},
    {"gsm8k", "7", "The answer would be 7 for 3 kids", true},
    {"gsm8k", "7", "The answer to the question is 7 for 3 kids", true},
    {"gsm8k", "7", "<answer>7</answer> 3", true},
    {"gsm8k", "7", "Answer - 7", true},
    {"gsm8k", "7", "#### Step 1: add\n3 + 4 = 7\n#### Step 2\nAnswer: 7 of 9", true},
    {"gsm8k", "7", "#### 1. Add\n3 + 4 = 7\n#### 2. Finish\nThe answer is 7.", true},
    {"gsm8k", "7", "#### (1) Add\nThe answer is 7.", true},
    {"gsm8k", "7", "#### Calculate the cost for 3 boxes\nThe answer is 7", true},
    {"gsm8k", "7", "#### **7**\nin 3 steps", true},
    {"gsm8k", "7", "#### $7$\nin 3 steps", true},
    {"gsm8k", "7", "#### \\$7\nin 3 steps", true},
    {"gsm8k", "7", "#### x = 7", true},
    {"gsm8k", "12500", R"(\boxed{12{,}500})", true},
    {"gsm8k", "12500", R"(\boxed{12\,500})", true},
    {"gsm8k", "12500", R"(The answer is 12,\!500)", true},
    {"gsm8k", "12500", "The answer is 12 500.", true},
    {"gsm8k", "12500", "12 500", true},
    {"gsm8k", "12500", "The answer is 12 500.", true},
    {"gsm8k", "12500", "The answer is 12'500", true},
    {"gsm8k", "12500", "The answer is 10 000 + 2 500 = 12 500", true},
    {"gsm8k", "12500", "The answer is 12~500", true},
    {"gsm8k", "100000", "The answer is 1,00,000.", true},
    {"gsm8k", "-5", "The answer is −5.", true},
    {"gsm8k", "-5", "The answer is −$5", true},
    {"gsm8k", "-5", "The answer is $−5", true},
    {"gsm8k", "-5", R"(\boxed{−5})", true},
    {"gsm8k", "-5", "The answer is –5.", true},
    {"gsm8k", "-5", "The answer is - 5", true},
    {"gsm8k", "-5", "The answer is 3 − 8 = −5", true},
    {"gsm8k", "-5", "The answer is **−5**", true},
    {"gsm8k", "2", "10 − 8 = 2", true},
    {"gsm8k", "2", "The answer is 10–8 = 2", true},
    {"gsm8k", "0.75", R"(\boxed{\dfrac{3}{4}})", true},
    {"gsm8k", "0.75", R"(\boxed{\tfrac34})", true},
    {"gsm8k", "0.75", R"(\boxed{\frac 34})", true},
    {"gsm8k", "0.75", R"(\boxed{\frac3{4}})", true},
    {"gsm8k", "0.75", R"(\boxed{\frac{3,000}{4{,}000}})", true},
    {"gsm8k", "0.75", "The answer is ¾.", true},
    {"gsm8k", "0.75", "The answer is 3⁄4", true},
    {"gsm8k", "0.75", "The answer is 3/4 of 2.", true},
    {"gsm8k", "0.75", R"(\boxed{\left(\frac{3}{4}\right)})", true},
    {"gsm8k", "-0.5", R"(\boxed{\frac{-1}{2}})", true},
    {"gsm8k", "-0.5", R"(\boxed{\frac{1}{-2}})", true},
    {"gsm8k", "-0.5", R"(\boxed{-\dfrac12})", true},
    {"gsm8k", "-0.5", "The answer is −1/2", true},
    {"gsm8k", "1.5", "The answer is 1 1/2.", true},
    {"gsm8k", "1.5", "1 1/2", true},
    {"gsm8k", "1.5", R"(\boxed{1\frac{1}{2}})", true},
    {"gsm8k", "1.5", "The answer is 1½.", true},
    {"gsm8k", "1.5", "The answer is 1 and 1/2.", true},
    {"gsm8k", "1.5", R"(The answer is $1\,\frac{1}{2}$)", true},
    {"gsm8k", "1.5", "The answer is 1 1/2 hours, or 90 minutes", true},
    {"gsm8k", "1500", "The answer is 1.5e3.", true},
    {"gsm8k", "1500", "1.5e3", true},
    {"gsm8k", "1500", "The answer is 1.5E+03", true},
    {"gsm8k", "1500", R"(\boxed{1.5 \times 10^{3}})", true},
    {"gsm8k", "1500", "The answer is 1.5 × 10^3", true},
    {"gsm8k", "1500", "The answer is 1.5×10³", true},
    {"gsm8k", "1500", "The answer is 1.5 * 10**3", true},
    {"gsm8k", "1500", "The answer is 500 * 3 = 1.5e3", true},
    {"gsm8k", "0.015", "The answer is 1.5 × 10⁻²", true},
    {"gsm8k", "0.015", "The answer is 1.5e-2", true},
    {"gsm8k", "20", "The answer is ２０.", true},
    {"gsm8k", "20", "The answer is ٢٠", true},
    {"gsm8k", "5", "It is 5 m^2", true},
    {"gsm8k", "5", "It has an area of 5 cm^{2}.", true},
    {"gsm8k", "5", "It is 5 m²", true},
    {"gsm8k", "3", R"(Write it inside \boxed{}. The answer is 3 of 4.)", true},
    {"gsm8k", "3", R"(\boxed{3} in \boxed{})", true},
    {"gsm8k", "3", R"(\fbox{3} for 2)", true},
    {"gsm8k", "3", R"($\boxed 3$ for 2)", true},
    {"gsm8k", "3", R"(\boxed{\{3\}})", true},
    {"gsm8k", "5", "The answer is −5.", false},
    {"gsm8k", "5", "The answer is 5 + 4 = 9.", false},
    {"gsm8k", "5", "The answer is 5. No: the answer is 7.", false},
    {"gsm8k", "0", "The answer is ２０.", false},
    {"gsm8k", "2", "It is 5 m^2", false},
    {"gsm8k", "1", "The answer is 1 1/2.", false},
    // letters
    {"aqua", "D", "Answer: **D**", true},
    {"aqua", "D", "**Answer:** (D)", true},
    {"aqua", "D", "The answer is __D__", true},
    {"aqua", "D", "The answer is $D$", true},
    {"aqua", "D", R"(The answer is "D")", true},
    {"aqua", "D", "The answer is ‘D’.", true},
    {"aqua", "D", "The answer is (d).", true},
    {"aqua", "D", "The answer is d ) 12", true},
    {"aqua", "D", "The correct option is D", true},
    {"aqua", "D", "Therefore, option D is correct.", true},
    {"aqua", "D", "D is the correct answer", true},
    {"aqua", "D", "The answer is choice D", true},
    {"aqua", "D", R"(\boxed{\text{D}})", true},
    {"aqua", "D", R"(\boxed{\textbf{(D)}\ 12})", true},
    {"aqua", "D", R"(\boxed{D) 12})", true},
    {"aqua", "D", R"(\boxed{\text{D. 12}})", true},
    {"aqua", "D", R"(\boxed{\text{Option D}})", true},
    {"aqua", "D", R"(\boxed{12 \text{ (D)}})", true},
    {"aqua", "D", R"(\boxed{\text{\textbf{D}}})", true},
    {"aqua", "D", "D) 12", true},
    {"aqua", "D", "D. 12", true},
    {"aqua", "D", "**D) 12**", true},
    {"aqua", "D", "<answer>D</answer>", true},
    {"aqua", "D", "#### D", true},
    {"aqua", "D", "The answer is:\n\n(D) 12", true},
    {"aqua", "D", "The answer is A. Wait. The answer is D.", true},
    {"aqua", "D", "The answer is not A but D", true},
    {"aqua", "D", "The answer is 12, which is option D.", true},
    {"aqua", "D", "Hence option (D).", true},
    {"aqua", "A", "The answer is A because x", true},
    {"aqua", "A", "The answer is **A** value", true},
    {"aqua", "A", "The answer is A: value", true},
    {"aqua", "A", "The answer is A - a value", true},
    {"aqua", "A", "The answer is option A value", true},
    {"aqua", "A", "The answer is A value that depends on x.", false},
    {"aqua", "A", "The answer is A sum of parts", false},
    {"aqua", "A", "The answer is a.m.", false},
    {"aqua", "A", "Option A is incorrect", false},
    {"aqua", "A", "The answer is not A", false},
    {"aqua", "A", "A value", false},
    {"aqua", "A", "(A) or (B)", false},
    {"aqua", "A", R"(\boxed{A + B})", false},
    // words
    {"boolq", "true", "the correct answer is true, not false", true},
    {"boolq", "true", "The statement is not false; the correct answer is true", true},
    {"boolq", "true", R"(\boxed{\text{true}})", true},
    {"boolq", "true", "It is true; it is not false.", true},
    {"piqa", "solution2", "Solution1 is wrong, solution2 works", true},
    {"piqa", "solution2", "solution1 or solution2", false},
    {"boolq", "true", "That is not true.", false},
    {"boolq", "true", "the correct answer is true or false", false},
    {"boolq", "true", "The answer is not true", false},
    {"boolq", "true", "the correct answer is true. No, the correct answer is false", false},
    {"arc_easy", "answer2", "answer1 is wrong; the correct answer is answer2", true},
    {"arc_easy", "answer2", "the correct answer is answer 2", true},
    {"arc_easy", "answer2", "the correct answer is answer2 or answer3", false},
};

TEST_CASE("A completion is read strictly as the answer that it states, however it is spelled", "[eval]") {
  for (const Case& c : cases) {
    Row row;
    row.where = "f: row 1";
    row.answer = c.gold;
    const Judgement strict = judge_strictly(find_task(c.task), row, c.completion);
    INFO(c.task << ", gold " << c.gold << ": " << c.completion << " -> \"" << strict.pred << "\"");
    CHECK(strict.correct == c.right);
  }
}

struct Pair {
  const char *a, *b;
};

const Pair same[] = {
    {R"(\frac{\sqrt{3}}{2})", R"(\frac{\sqrt3}{2})"},
    {R"(\frac{\sqrt{3}}{2})", R"(\sqrt{3}/2)"},
    {R"(\frac{1}{\sqrt{2}})", R"(\frac1{\sqrt2})"},
    {R"(\sqrt[3]{2})", R"(\sqrt[3]2)"},
    {R"(\sqrt[3]{2})", R"(\sqrt[{3}] 2)"},
    {R"(\sqrt{\pi})", R"(\sqrt\pi)"},
    {R"(-\frac{1}{2})", R"(\frac{-1}{2})"},
    {R"(-\frac{1}{2})", R"(\frac{1}{-2})"},
    {R"(-\frac{1}{2})", R"(-0.5)"},
    {R"(-\frac{1}{2})", R"(−\frac12)"},
    {R"(\frac{1}{2})", R"(\frac{-1}{-2})"},
    {R"(2-\frac{1}{2})", R"(2+\frac{-1}{2})"},
    {R"(2+\frac{1}{2})", R"(2-\frac{-1}{2})"},
    {R"((1,-\frac{1}{2}))", R"(\left(1, \frac{-1}{2}\right))"},
    {R"(10080)", R"(10{,}080)"},
    {R"(10080)", R"(10\,080)"},
    {R"(10080)", R"(10 080)"},
    {R"((10080,5))", R"((10{,}080,5))"},
    {R"(10,\!080)", R"(10080)"},
    {R"(\frac{1}{2})", R"(\tfrac12)"},
    {R"(\frac{1}{2})", R"(0.50)"},
    {R"(\frac{\frac{1}{2}}{3})", R"(\dfrac{\tfrac12}{3})"},
    {R"(5)", R"({5})"},
    {R"(5)", R"(5\,\text{cm}^3)"},
    {R"(5)", R"(5°)"},
    {R"(5)", R"(\mathbf{5})"},
    {R"(x^2+1)", R"(x^{2}+1)"},
    {R"((3,4))", R"(\bigl(3,4\bigr))"},
    {R"(x \le 3)", R"(x\leq3)"},
    {R"(\frac{2\pi}{3})", R"(2π/3)"},
    {R"(\frac{1}{x+1})", R"(1/(x+1))"},
    {R"(\text{(C)})", R"(C)"},
    {R"(f(x)=2x)", R"(2x)"},
    {R"([-2,7])", R"(x \in [-2, 7])"},
    {R"(\begin{pmatrix} \frac{1}{2} \\ 2 \end{pmatrix})", R"(\begin{pmatrix} 1/2 \\ 2 \end{pmatrix})"},
};
const Pair different[] = {
    {R"(-\frac{1}{2})", R"(\frac{1}{2})"},
    {R"(-\frac{x+1}{2})", R"(\frac{-x+1}{2})"},
    {R"(3)", R"(\frac{9}{3})"},
    {R"(\sqrt[3]{2})", R"(\sqrt{2})"},
    {R"(1008)", R"(10{,}08)"},
    {R"(57)", R"(5\text{ or }7)"},
    {R"(x^{12})", R"(x^12)"},
    {R"(\frac{12}{3})", R"(\frac123)"},
    {R"(2^{3})", R"(23)"},
    {R"(2\frac{1}{2})", R"(2+\frac{1}{2})"},
    {R"(2\frac{-1}{2})", R"(2-\frac{1}{2})"},
};

TEST_CASE("Expressions that differ in spelling alone have one strict form, others have not", "[eval]") {
  for (const auto& [a, b] : same) CHECK(latex_form(a) == latex_form(b));
  for (const auto& [a, b] : different) CHECK(latex_form(a) != latex_form(b));
}

TEST_CASE("The strict form of a broken expression is some text, and its own form", "[eval]") {
  for (const char* broken : {"\\", "{", "}", "\\frac", "\\frac{", "\\frac{1}", "\\sqrt[", "\\sqrt[3", "^", "_{", "/", "1/",
                             "\\text{", "\\begin", "{,"})
    CHECK_NOTHROW(latex_form(latex_form(broken)));
  std::string deep(100000, '{');
  deep.push_back('1');
  CHECK(latex_form(deep).find('1') != std::string::npos);
  CHECK_NOTHROW(latex_form(std::string(100000, '^')));
  std::string roots;
  for (int i = 0; i < 20000; ++i) roots += "\\sqrt[\\frac";
  CHECK_NOTHROW(latex_form(roots));
}

struct Gold {
  const char* answer;
  double value;
};

const Gold golds[] = {
    {"3/4", 0.75},        {".5", 0.5},
    {"1e+21", 1e21},      {"5 m^2", 5},
    {"5 m²", 5},          {"12 (out of 30)", 12},
    {"12 out of 30", 12}, {R"(\frac{1}{2})", 0.5},
    {"1 1/2", 1.5},       {"−5", -5},
    {"$1,234", 1234},     {"25%", 25},
    {"1 000", 1000},      {"48/2 = 24", 24},
    {"#### 72", 72},      {"She sold 48/2 = <<48/2=24>>24 clips.\n#### 72", 72},
    {"6 km/h", 6},        {"about 12", 12},
    {"10^3", 1000},       {"576.0", 576},
};
const char* const unclear[] = {
    "",
    "none",
    "5 or 6",
    "5, 6",
    "10:30",
    "3 hours 20 minutes",
    "1/0",
    "1e999",
    "sqrt(2)",
    R"(\sqrt{2})",
    R"(2\sqrt{3})",
    R"(2\pi)",
    "2π",
    "2^3",
    "1.5 million",
    "3 dozen",
    "0x10",
    "1,5",
    "3-5",
    "2020-01-05",
    "2x",
    "x2",
    "> 5",
    ">= 5",
    R"(\boxed{2\sqrt{3}})",
    "#### 5 or 6",
    "-(5)",
    "1/2/3",
};

TEST_CASE("A gold answer of one's own file is the number that is written there", "[eval]") {
  for (const auto& [answer, value] : golds) {
    INFO(answer);
    CHECK(gold_number(answer).value_or(NAN) == Approx(value));
  }
}

TEST_CASE("A gold answer that is not clearly one number is refused with its file and row", "[eval]") {
  for (const char* answer : unclear) {
    INFO(answer);
    Row row;
    row.where = "own.json: row 3";
    row.answer = answer;
    const std::string sentence = test::input_error([&] { check_gold(find_task("gsm8k"), row); });
    CHECK(sentence ==
          fmt::format("own.json: row 3: key \"answer\": found \"{}\", expected a number to score against.", answer));
  }
}

}  // namespace
}  // namespace hyplora

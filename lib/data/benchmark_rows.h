// Rows of benchmarks as their publishers write them, in the words of LLM-Adapters' files.
#pragma once

#include "data/row_source.h"
#include "data/rows.h"

namespace hyplora {

/// question, answer: a rationale with calculator annotations <<2+3=5>>, then "#### 5".
void read_gsm8k(const Source& from, Row& row);
/// Whether `answer` is such a text.
bool is_gsm8k(const Json& object);

/// question, options ("A)21"), rationale, correct.
void read_aqua(const Source& from, Row& row);

/// CommonsenseQA: question, choices, answerKey; the question may hold stem and choices.
void read_csqa(const Source& from, Row& row);

/// MATH: problem, solution; the answer stands in the solution's last \boxed{} where it has no key of its own.
void read_math(const Source& from, Row& row);

/// OpenMathInstruct: problem, generated_solution, expected_answer.
void read_openmath(const Source& from, Row& row);

}  // namespace hyplora

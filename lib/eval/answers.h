// Answers out of completions: as the paper's evaluation scripts read them, and more strictly beside it.
#pragma once

#include <optional>
#include <string>

#include "data/boxed.h"

namespace hyplora {

/// The last match of -?\d+\.?\d* after commas are removed.
std::optional<double> last_number(const std::string& text);

/// |label - prediction| <= 1e-3.
bool same_number(double label, double prediction);

/// The letter A to E of a multiple-choice answer, by the first of these forms that occurs, its last occurrence: \boxed{A},
/// "(A)" or "A)", "answer is A" in any case, "is A." at the end, "Option A".
std::optional<std::string> chosen_letter(const std::string& text);

/// The number that a reader would take for the answer: of the last box that holds one (see boxes), else after the last "####" that
/// is no heading, else of the last statement ("answer is", see statements), else the last one. Of a statement it is the first
/// number, or where this one is on the left of an equation, what the equation comes to. How numbers are written: written_numbers.
std::optional<double> stated_number(const std::string& text);

/// The number that a gold answer is, 3/4 or 1e+21 or "5 m^2" or a solution that states it; nothing where that is not clear, as in
/// "5 or 6", 10:30, 2\sqrt{3}.
std::optional<double> gold_number(const std::string& answer);

/// The letter A to E of an answer that is stated: \boxed{(D) 12}, "answer is **D**", "option D is correct", or a line that begins
/// with "D)" and is all. Not the article of "the answer is A value".
std::optional<std::string> stated_letter(const std::string& text);

/// Of the words (a|b|c) the one that statements give, else the only one that occurs and is not denied ("not true", "true is wrong").
std::optional<std::string> stated_word(const std::string& words, const std::string& text);

/// A LaTeX expression in a form in which equal answers are equal texts (Hendrycks et al. 2021, arXiv 2103.03874, the MATH data
/// set's own rules: spacing, \left and \right, units, dollars, percents, fractions, roots, leading zeros).
std::string normal_latex(const std::string& expression);

/// The same, strictly: of nested arguments, too, with signs before fractions, braces only where they count, one name for what TeX
/// has several for.
std::string latex_form(const std::string& expression);

/// The answer to a problem of MATH: \boxed{...}, else what follows the last "answer is", else the last $...$, else the last
/// number.
std::optional<std::string> latex_answer(const std::string& text);

}  // namespace hyplora

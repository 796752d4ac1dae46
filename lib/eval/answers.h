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

/// The number that a reader would take for the answer: of \boxed{...}, else after "####", else after the last "answer is" (or
/// "answer:"), else the last one; with currency signs, thousands, percent, fractions a/b and \frac{a}{b}.
std::optional<double> stated_number(const std::string& text);

/// The letter of an answer that is stated: \boxed{A}, "answer is (A)", or a text that is nothing but the letter.
std::optional<std::string> stated_letter(const std::string& text);

/// A LaTeX expression in a form in which equal answers are equal texts (Hendrycks et al. 2021, arXiv 2103.03874, the MATH data
/// set's own rules: spacing, \left and \right, units, dollars, percents, fractions, roots, leading zeros).
std::string normal_latex(const std::string& expression);

/// The answer to a problem of MATH: \boxed{...}, else what follows the last "answer is", else the last $...$, else the last
/// number.
std::optional<std::string> latex_answer(const std::string& text);

}  // namespace hyplora

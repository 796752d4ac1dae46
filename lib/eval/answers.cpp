#include "eval/answers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "text/pattern.h"

namespace hyplora {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Pattern pattern(const char* regex) { return Pattern(regex, "answers"); }

}  // namespace

std::optional<double> last_number(const std::string& text) {
  std::string plain = text;
  std::erase(plain, ',');
  std::optional<double> found;
  for (size_t i = 0; i < plain.size();) {
    const size_t digits = plain[i] == '-' ? i + 1 : i;
    if (digits >= plain.size() || !is_digit(plain[digits])) {
      ++i;
      continue;
    }
    size_t end = digits;
    while (end < plain.size() && is_digit(plain[end])) ++end;
    if (end < plain.size() && plain[end] == '.') ++end;
    while (end < plain.size() && is_digit(plain[end])) ++end;
    found = std::strtod(plain.substr(i, end - i).c_str(), nullptr);
    i = end;
  }
  return found;
}

bool same_number(double label, double prediction) { return std::fabs(label - prediction) <= 1e-3; }

std::optional<std::string> chosen_letter(const std::string& text) {
  static const Pattern forms[] = {pattern(R"(\\boxed\{\\text\{\(?([A-E])\)?\}\})"),
                                  pattern(R"(\\boxed\{\(?([A-E])\)?\})"),
                                  pattern(R"(\(?([A-E])\))"),
                                  pattern(R"((?i:(?:correct )?answer is)[:\s]+\(?([A-Ea-e])\)?)"),
                                  pattern(R"(is[:\s]+([A-E])\.?\s*$)"),
                                  pattern(R"([Oo]ption\s+\(?([A-E])\)?)")};
  for (const Pattern& form : forms) {
    if (const auto letter = form.last(text)) return letter;
  }
  return std::nullopt;
}

}  // namespace hyplora

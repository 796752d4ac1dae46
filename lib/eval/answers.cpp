#include "eval/answers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "text/pattern.h"

namespace hyplora {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Pattern pattern(const char* regex) { return Pattern(regex, "answers"); }

/// One number with what people write around it: sign, currency, thousands, decimals, a fraction.
const Pattern& written_number() {
  static const Pattern number = pattern(
      R"(((?:(?<![\w)])-)?\s?[$\x{20ac}\x{a3}]?\s?(?:\\frac\{-?\d+\}\{\d+\}|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\s?/\s?\d+(?!\.?\d))?|\.\d+)))");
  return number;
}

double quotient(const std::string& above, const std::string& below) {
  return std::strtod(above.c_str(), nullptr) / std::strtod(below.c_str(), nullptr);
}

double value_of(std::string written) {
  static const Pattern frac_above = pattern(R"(\\frac\{(-?\d+)\})"), frac_below = pattern(R"(\}\{(\d+)\})");
  const bool negative = written[0] == '-';
  if (const auto above = frac_above.first(written)) {
    const double value = quotient(*above, frac_below.first(written).value_or("1"));
    return negative ? -value : value;
  }
  std::erase_if(written, [](char c) { return !is_digit(c) && c != '.' && c != '/'; });
  const size_t slash = written.find('/');
  const double value = slash == written.npos ? std::strtod(written.c_str(), nullptr)
                                             : quotient(written.substr(0, slash), written.substr(slash + 1));
  return negative ? -value : value;
}

std::optional<double> first_value(const std::string& text) {
  const auto found = written_number().first(text);
  if (!found) return std::nullopt;
  const double value = value_of(*found);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// What follows the last occurrence, to the end of its line or sentence.
std::optional<std::string> after_last(const Pattern& mark, const std::string& text) { return mark.last(text); }

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

std::optional<double> stated_number(const std::string& text) {
  static const Pattern hashes = pattern(R"(####([^\n]*))"), stated = pattern(R"((?i:answer(?: is|:))([^\n]*))");
  if (const auto box = boxed(text)) return first_value(*box);
  if (const auto rest = after_last(hashes, text)) return first_value(*rest);
  if (const auto rest = after_last(stated, text)) {
    if (const auto value = first_value(*rest)) return value;
  }
  const auto last = written_number().last(text);
  if (!last) return std::nullopt;
  const double value = value_of(*last);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::string> stated_letter(const std::string& text) {
  static const Pattern forms[] = {pattern(R"(\\boxed\{(?:\\text\{)?\s*\(?([A-E])\)?\s*\}?\})"),
                                  pattern(R"((?i:answer(?: is|:))[:\s]*(?i:option\s*)?\(?([A-E])\b)"),
                                  pattern(R"(^\s*\(?([A-E])\)?\.?\s*$)")};
  for (const Pattern& form : forms) {
    if (const auto letter = form.last(text)) return letter;
  }
  return std::nullopt;
}

}  // namespace hyplora

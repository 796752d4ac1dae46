#include "eval/written_number.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "text/pattern.h"

namespace hyplora {
namespace {

const std::string grouped = R"((?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])|)"
                            R"([0-9]{1,3}(?:'[0-9]{3})+(?![0-9])|[1-9][0-9]{0,2}(?:\s[0-9]{3})+(?![0-9]|,[0-9]|-\w|\s?/)))",
                  decimal = "(?:(?:" + grouped + R"(|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+))",
                  argument = R"(\s*(?:\{\s*[+-]?)" + decimal + R"(\s*\}|[0-9]))", frac = R"(\\frac)" + argument + argument,
                  exponent = R"(\s?\^\s?(?:\{\s?[+-]?[0-9]+\s?\}|[+-]?[0-9]+))", ten = "10" + exponent,
                  mixed = R"([0-9]+(?:\s+and)?\s+[0-9]+\s?/\s?[0-9]+(?!\.?[0-9]))",
                  slash = decimal + R"(\s?/\s?)" + decimal + R"((?!\s?/\s?[0-9]))";

Pattern pattern(const std::string& regex) { return Pattern(regex, "answers"); }

/// A minus sign is one where no subtraction can be meant: not behind a number, a word or a closing bracket.
const Pattern& number() {
  static const Pattern number =
      pattern(R"((?<![0-9])(?<![0-9]\.)(?<!\^)(?<!\^[{+-])(?<!\^\{[+-])(?<!_)(?<!_\{))"
              R"((?:(?<![\w)}\]%])(?<![0-9)}\]%]\s)[+-]\s?)?(?:[$\x{20ac}\x{a3}\x{a5}\x{20b9}]\s?-?\s?)?(?:)" +
              mixed + "|(?:[0-9]+[$\\s]*(?:and[$\\s]+)?)?" + frac + "|" + ten + "|" + slash + "|" + decimal +
              R"((?:[eE][+-]?[0-9]+(?![\w])|\s?[*xX]\s?)" + ten + ")?)");
  return number;
}

double plain_value(std::string digits) {
  std::erase_if(digits, [](char c) { return c != '-' && c != '.' && (c < '0' || c > '9'); });
  return std::strtod(digits.c_str(), nullptr);
}

/// Of "10^3", "10^{-2}".
double power(const std::string& written) { return std::pow(10, plain_value(written.substr(written.find('^')))); }

/// Of "\frac{1}{2}", "\frac12".
double frac_value(const std::string& written) {
  static const Pattern above = pattern(R"(\\frac\s*(?:\{[^{}]*\}|[0-9]))");
  const auto match = above.find(written, 0);
  const size_t arguments = match->begin + 5;  // behind "\frac"
  return plain_value(written.substr(arguments, match->end - arguments)) / plain_value(written.substr(match->end));
}

double slash_value(const std::string& written) {
  const size_t slash = written.find('/');
  return plain_value(written.substr(0, slash)) / plain_value(written.substr(slash + 1));
}

/// Of what a match of number() holds behind its sign.
double magnitude(const std::string& written) {
  static const Pattern mixed_number = pattern("^([0-9]+)(?:\\s+and)?\\s+(?=[0-9]+\\s?/)"),
                       is_grouped = pattern("^" + grouped + "\\s?/"), scientific = pattern("^(" + decimal + ")[eE]"),
                       powered = pattern("^(" + decimal + ")\\s?[*xX]\\s?10\\s?\\^");
  if (const size_t place = written.find("\\frac"); place != written.npos)
    return plain_value(written.substr(0, place)) + frac_value(written);
  if (written.find('^') != written.npos) {
    const auto before = powered.first(written);
    return (before ? plain_value(*before) : 1) * power(written);
  }
  if (written.find('/') != written.npos) {
    const auto match = mixed_number.find(written, 0);
    if (!match || is_grouped.find(written, 0)) return slash_value(written);
    return plain_value(written.substr(0, match->group_end)) + slash_value(written.substr(match->end));
  }
  if (const auto before = scientific.first(written))
    return std::strtod((fmt::format("{}", plain_value(*before)) + written.substr(before->size())).c_str(), nullptr);
  return plain_value(written);
}

}  // namespace

std::vector<WrittenNumber> written_numbers(const std::string& plain) {
  std::vector<WrittenNumber> found;
  for (auto match = number().find(plain, 0); match; match = number().find(plain, match->end)) {
    const std::string written = plain.substr(match->begin, match->end - match->begin);
    const size_t begin = written.find_first_of("0123456789.\\");
    const double value = magnitude(written.substr(begin));
    const bool negative = written.find('-') < begin;
    found.push_back({match->begin, match->end, negative ? -value : value});
  }
  return found;
}

}  // namespace hyplora

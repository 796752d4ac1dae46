// The stricter readings of answers.h: stated_number, gold_number, stated_letter.
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "eval/answers.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

Pattern pattern(const std::string& regex) { return Pattern(regex, "answers"); }

struct Spelling {
  Pattern form;
  const char* plain;
};

std::string replaced(const std::string& text, const Spelling& spelling) {
  std::string made;
  size_t done = 0;
  for (auto match = spelling.form.find(text, 0); match; match = spelling.form.find(text, match->end)) {
    made += text.substr(done, match->begin - done) + spelling.plain;
    done = match->end;
    if (match->end == match->begin) break;
  }
  return made + text.substr(done);
}

/// The same numbers in fewer spellings.
std::string plain_spelling(std::string text) {
  static const Spelling spellings[] = {{pattern(R"([\x{2212}\x{ff0d}\x{fe63}])"), "-"},
                                       {pattern(R"((?<![\d\s])\x{2013}(?=[\d$])|(?<=\s)\x{2013}(?=[\d$]))"), "-"},
                                       {pattern(R"(\{,\}|\\,(?=\d)|,\\!)"), ","},
                                       {pattern(R"(\\!|\*\*|__|`)"), ""},
                                       {pattern(R"((?<=\d)[\x{2009}\x{202f}\x{a0}\x{2007}'\x{2019}~](?=\d{3}(?!\d)))"), ","},
                                       {pattern(R"(\\[dtc]frac(?![a-zA-Z]))"), "\\frac"},
                                       {pattern(R"(\\(?:left|right|displaystyle|quad)(?![a-zA-Z])|\\[;: ])"), " "},
                                       {pattern(R"(\\[$])"), "$"},
                                       {pattern(R"(\\(?:times|cdot)(?![a-zA-Z])|\x{d7})"), "*"},
                                       {pattern(R"(\\(?:approx|equiv)(?![a-zA-Z])|\x{2248})"), "="}};
  for (const Spelling& spelling : spellings) text = replaced(text, spelling);
  for (char digit = '0'; digit <= '9'; ++digit) {  // full-width
    const std::string wide{'\xef', '\xbc', static_cast<char>(0x90 + digit - '0')};
    for (size_t place = text.find(wide); place != text.npos; place = text.find(wide)) text.replace(place, 3, 1, digit);
  }
  return text;
}

const std::string whole = R"((?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,3}(?: [0-9]{3})+(?![0-9,]|\.[0-9])|[0-9]+))",
                  decimal = "(?:" + whole + R"((?:\.[0-9]+)?|\.[0-9]+))",
                  fraction = R"(\\frac\s*\{\s*-?[0-9.]+\s*\}\s*\{\s*[0-9.]+\s*\}|\\frac\s*[0-9][0-9])";

/// One number with what people write around it: sign, currency, thousands, decimals, fraction, mixed number, power of ten.
const Pattern& written_number() {
  static const Pattern number = pattern(
      R"(((?:(?<![\w)])-\s?|(?<=[=*/(]\s)-\s?)?(?:[$\x{20ac}\x{a3}]-?)?\s?(?:)" + fraction + "|" + decimal + R"((?:\s?(?:)" +
      fraction +
      R"()|\s[0-9]+/[0-9]+(?![0-9])|[eE][+-]?[0-9]+(?![a-zA-Z0-9])|\s?[*xX]\s?10\s?\^\s?\{?[+-]?[0-9]+\}?|\s?/\s?[0-9]+(?!\.?[0-9]))?)))");
  return number;
}

double plain_value(std::string digits) {
  std::erase_if(digits, [](char c) { return c == ',' || c == ' '; });
  return std::strtod(digits.c_str(), nullptr);
}

/// a/b or \frac{a}{b}; NaN where it is neither.
double fraction_value(const std::string& written) {
  static const Pattern above = pattern(R"(\\frac\s*\{?\s*(-?[0-9.]+?)\s*\}|\\frac\s*([0-9]))"),
                       below = pattern(R"(\}\s*\{\s*([0-9.]+)\s*\}$)");
  if (written.starts_with("\\frac")) {
    if (const auto bottom = below.first(written)) return plain_value(*above.first(written)) / plain_value(*bottom);
    return static_cast<double>(written[written.size() - 2] - '0') / static_cast<double>(written.back() - '0');
  }
  const size_t slash = written.find('/');
  return slash == written.npos ? NAN : plain_value(written.substr(0, slash)) / plain_value(written.substr(slash + 1));
}

double magnitude(const std::string& written) {
  static const Pattern start = pattern("^(" + decimal + ")"), power = pattern(R"(10\s?\^\s?\{?([+-]?[0-9]+)\}?$)"),
                       exponent = pattern(R"([eE]([+-]?[0-9]+)$)"), mixed = pattern(R"(\s([0-9]+/[0-9]+)$)");
  if (written.starts_with("\\frac")) return fraction_value(written);
  const double first = plain_value(start.first(written).value_or("0"));
  if (const auto ten = power.first(written)) return first * std::pow(10, plain_value(*ten));
  if (const auto ten = exponent.first(written)) return first * std::pow(10, plain_value(*ten));
  if (const size_t more = written.find("\\frac"); more != written.npos) return first + fraction_value(written.substr(more));
  if (const auto more = mixed.first(written)) return first + fraction_value(*more);
  return written.find('/') == written.npos ? first : fraction_value(written);
}

std::optional<double> value_of(const std::string& written) {
  static const Pattern number = pattern(R"((\\frac.*|[0-9.].*)$)");
  const std::string digits = number.first(written).value_or("");
  const bool negative = written.substr(0, written.size() - digits.size()).find('-') != written.npos;
  const double value = negative ? -magnitude(digits) : magnitude(digits);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> first_value(const std::string& text) {
  const auto found = written_number().first(text);
  return found ? value_of(*found) : std::nullopt;
}

/// What is said, without the reasons that may follow it.
std::string claim_of(const std::string& rest) {
  static const Pattern reason =
      pattern(R"([.!?;](?=\s|$)|\s\((?=[^)]*=)|,?\s(?:because|since|as|where|for|which|after|when|given|with)\s)");
  const auto end = reason.find(rest, 0);
  return end ? rest.substr(0, end->begin) : rest;
}

/// The number of a claim: what stands after the last sign of equality, where one stands.
std::optional<double> claimed_value(const std::string& claim) {
  static const Pattern instead = pattern(R"(^[\s:]*not\b.*?\bbut\b(.*))");
  if (const auto but = instead.first(claim)) return first_value(*but);
  if (const size_t equals = claim.rfind('='); equals != claim.npos) {
    if (const auto value = first_value(claim.substr(equals + 1))) return value;
  }
  return first_value(claim);
}

/// Of the last place in the text that the mark stands at, and that claims a number.
std::optional<double> value_after(const Pattern& mark, const std::string& text) {
  std::optional<double> found;
  for (auto match = mark.find(text, 0); match; match = mark.find(text, match->end)) {
    const std::string rest = text.substr(match->end, text.find('\n', match->end) - match->end);
    auto value = claimed_value(claim_of(rest));
    if (!value) value = first_value(rest);
    if (value) found = value;
  }
  return found;
}

constexpr const char* stated_mark = R"((?<!/)(?i:answer\s*(?:is|:|=|>)))";

std::optional<double> value_said(const std::string& text) {
  static const Pattern hashes = pattern(R"(####(?!\s*\pL))"), stated = pattern(stated_mark);
  if (const auto box = boxed(text)) {
    if (const auto value = claimed_value(*box)) return value;
  }
  if (const auto value = value_after(hashes, text)) return value;
  return value_after(stated, text);
}

std::optional<double> last_value(const std::string& text) {
  const auto last = written_number().last(text);
  return last ? value_of(*last) : std::nullopt;
}

/// Letters without what sets them off.
std::string plain_letters(std::string text) {
  static const Spelling spellings[] = {{pattern(R"([*_"`$\x{201c}\x{201d}])"), ""}, {pattern(R"(\\[ ,;:!])"), " "}};
  static const Pattern command = pattern(R"(\\(?:text|textbf|textrm|mathrm|mathbf|mbox)\s*\{([^{}]*)\})");
  for (auto match = command.find(text, 0); match; match = command.find(text, match->begin))
    text.replace(match->begin, match->end - match->begin,
                 text.substr(match->group_begin, match->group_end - match->group_begin));
  for (const Spelling& spelling : spellings) text = replaced(text, spelling);
  return text;
}

}  // namespace

std::optional<double> stated_number(const std::string& text) {
  const std::string plain = plain_spelling(text);
  const auto said = value_said(plain);
  return said ? said : last_value(plain);
}

std::optional<double> gold_number(const std::string& answer) {
  static const Pattern starts = pattern(R"(^\s*[-+]?[$\x{20ac}\x{a3}]?\s?-?(?:\\frac|\.?[0-9]))");
  const std::string plain = plain_spelling(answer);
  if (const auto said = value_said(plain)) return said;
  return starts.find(plain, 0) ? claimed_value(claim_of(plain)) : last_value(plain);
}

std::optional<std::string> stated_letter(const std::string& text) {
  static const Pattern
      in_box = pattern(R"(^\s*(?i:option\s*|choice\s*)?\(?([A-Ea-e])(?:\)|[.:]|\s*$))"),
      stated = pattern(
          R"((?|(?i:(?:answer|option|choice)\s*(?:is|:|>))[:\s]*not\s+\(?[A-E]\)?,?\s+but\s+\(?([A-E])\b)"
          R"(|(?i:(?:answer|option|choice)\s*(?:is|:|>))[:\s]*(?i:option\s*|choice\s*)?(?|\(([A-Ea-e])\)|([A-Ea-e])(?:\)|(?=[.,:;!<]|\s*$|\s*\n))|([B-E])\b|(A)(?=\s*(?:\(|(?:because|since|as|with|which|and|or|for|:)\b))))"
          R"(|(?i:option|choice|answer)\s+\(?([A-E])\)?\s+is\s+(?:the\s+)?(?:correct|right|answer)|####\s*\(?([A-E])\b))"),
      alone = pattern(R"(^\s*\(?([A-E])(?:[).:]?\s*$|[).:](?!.*\b[A-E]\))[^\n]*\s*$))");
  const auto upper = [](std::string letter) {
    letter[0] = static_cast<char>(letter[0] & ~0x20);
    return letter;
  };
  if (const auto box = boxed(text)) {
    if (const auto letter = in_box.first(plain_letters(*box))) return upper(*letter);
  }
  const std::string plain = plain_letters(text);
  if (const auto letter = stated.last(plain)) return upper(*letter);
  return alone.first(plain);
}

}  // namespace hyplora

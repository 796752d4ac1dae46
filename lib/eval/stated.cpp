// The stricter readings of answers.h: stated_number, gold_number, stated_letter, stated_word.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/boxed.h"
#include "eval/answers.h"
#include "eval/plain_text.h"
#include "eval/statements.h"
#include "eval/verdicts.h"
#include "eval/written_number.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

using Numbers = std::vector<WrittenNumber>;

Pattern pattern(const std::string& regex) { return Pattern(regex, "answers"); }

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

/// The reading of one statement. Its first number counts, or, where this one is a part of the left side of an equation, what the
/// equation comes to.
class Claim {
 public:
  explicit Claim(const std::string& plain) : text_(plain), numbers_(written_numbers(plain)) {}

  std::optional<double> value() const { return numbers_.empty() ? std::nullopt : finite(numbers_[settled(0)].value); }

 private:
  std::string between(size_t begin, size_t end) const { return text_.substr(begin, end - begin); }

  /// The first number at or after a place; numbers_.size(): none.
  size_t number_from(size_t place) const {
    const auto after = [&](const WrittenNumber& n) { return n.begin >= place; };
    return static_cast<size_t>(std::find_if(numbers_.begin(), numbers_.end(), after) - numbers_.begin());
  }

  /// Whether a sum, product or the like begins with this number.
  bool is_operand(size_t n) const {
    static const Pattern operation(
        R"(^\s?(?:[a-zA-Z%.]+\s)?\s?(?:[-+*/^]|x\b|plus\b|minus\b|times\b|divided by\b|multiplied by\b)\s?\(*\s?[$\x{20ac}\x{a3}]?$)",
        "answers");
    if (n + 1 >= numbers_.size()) return false;
    const WrittenNumber &left = numbers_[n], &right = numbers_[n + 1];
    if (operation.find(between(left.end, right.begin), 0)) return true;
    return text_[right.begin] == '-' && between(left.end, right.begin).find_first_not_of(' ') == std::string::npos;
  }

  /// Whether an equation's left side may go on over this text: no other clause begins, no bracket opens that stays open.
  static bool joins(const std::string& text) {
    static const Pattern clause(
        R"([,;:!?]|\.(?=\s|$)|\b(?:because|since|and|so|as|where|when|if|for|which|that|with|who|while|thus|hence|or|given)\b)",
        "answers");
    const auto opened = std::count(text.begin(), text.end(), '('), closed = std::count(text.begin(), text.end(), ')');
    return opened <= closed && !clause.find(text, 0);
  }

  /// Where the right side begins of the equation that this number stands left in.
  std::optional<size_t> right_side(size_t n) const {
    static const Pattern said(R"(^[^.;=\n]*?,?\s(?:which )?(?:equals|is|gives|makes|or|i\.e\.|that is)(?!\w))", "answers"),
        restated(R"(^[^.;=\n]*?,?\s(?:or|i\.e\.|that is|in other words|which is),?\s)", "answers");
    const size_t end = numbers_[n].end, equals = text_.find('=', end);
    if (equals != text_.npos && joins(between(end, equals))) return equals + 1;
    const std::string rest = text_.substr(end);
    if (const auto match = said.find(rest, 0); match && is_operand(n)) return end + match->end;
    if (equals == text_.npos) return std::nullopt;
    const auto match = restated.find(rest, 0);  // "4 jars, or 4 * 3.5 = 14 litres"
    if (!match || end + match->end > equals) return std::nullopt;
    const size_t next = number_from(end + match->end);
    const bool leads = next < numbers_.size() && numbers_[next].end <= equals && joins(between(numbers_[next].end, equals));
    return leads ? std::optional(end + match->end) : std::nullopt;
  }

  /// The number that the equation comes to, which the n-th one is part of.
  size_t settled(size_t n) const {
    for (auto right = right_side(n); right; right = right_side(n)) {
      const size_t next = number_from(*right);
      if (next >= numbers_.size() || !joins(between(*right, numbers_[next].begin))) return n;  // 12 = x
      if (is_operand(next) && !is_operand(n) && !right_side(next)) return n;                   // 9 = 5 + 4
      n = next;
    }
    return n;
  }

  const std::string& text_;
  Numbers numbers_;
};

std::optional<double> first_value(const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    if (const auto value = Claim(place).value()) return value;
  }
  return std::nullopt;
}

/// What a box, "####" or "answer is" states.
std::optional<double> marked_number(const std::string& text) {
  std::vector<std::string> boxed_texts;
  for (const std::string& box : boxes(text)) boxed_texts.push_back(plain_numbers(box));
  if (const auto value = first_value(boxed_texts)) return value;
  const std::string plain = plain_numbers(text);
  if (const auto value = first_value(closing_lines(plain))) return value;
  return first_value(statements(plain));
}

/// Whether a gold answer's text around its number is words and units, not an operation that the number is only a part of.
bool only_names_units(const std::string& before, const std::string& behind) {
  static const Pattern symbols(R"([<>=~!:\\\x{b1}\x{3c0}\x{221a}\x{2264}\x{2265}]|(?<![a-zA-Z])\^)", "answers"),
      operation(R"([-+*/]|[a-zA-Z]$)", "answers"), continued(R"([+*]|\s-\s|^[xyz]\b)", "answers"),
      scale(R"((?i)\b(?:sqrt|hundred|thousand|million|billion|trillion|dozens?)\b)", "answers");
  for (const std::string* text : {&before, &behind}) {
    if (symbols.find(*text, 0) || scale.find(*text, 0)) return false;
  }
  return !operation.find(before, 0) && !continued.find(behind, 0);
}

/// The one number of a gold answer, without the asides and rates that may follow it; of an equation what it comes to.
std::optional<double> clear_number(std::string plain) {
  static const Pattern aside(R"((?<=\S)\s*\([^()]*\))", "answers"), per(R"(\s(?:per|out of|each|in|for|from)\s.*$)", "answers"),
      bound(R"([<>!\x{2260}\x{2264}\x{2265}])", "answers");
  for (const Pattern* gone : {&aside, &per}) {
    if (const auto match = gone->find(plain, 0); match && !written_numbers(plain.substr(0, match->begin)).empty())
      plain.erase(match->begin, match->end - match->begin);
  }
  if (plain.find('=') != plain.npos && !bound.find(plain, 0)) return Claim(plain).value();
  const Numbers numbers = written_numbers(plain);
  if (numbers.size() != 1) return std::nullopt;
  const std::string before = plain.substr(0, numbers[0].begin), behind = plain.substr(numbers[0].end);
  return only_names_units(before, behind) ? finite(numbers[0].value) : std::nullopt;
}

/// A letter at a statement's beginning; "A" and a noun is an article.
const Pattern& letter_statement() {
  static const Pattern statement =
      pattern(R"(^[\s:({\[]*(?i:(?:therefore|thus|clearly|simply|indeed|the|option|choice|letter|answer)[\s:({\[]+)*)"
              R"((?|([A-Ea-e])\s?[)\]}]|([B-E])(?![\w'+]|-\w|\.\w)|(?<=option |choice |Option |Choice )(A)\b)"
              R"(|(A)(?!\.\w)(?=\s*(?:$|[,.:;!?<(\n]|-\s|[0-9\\]))|([a-e])(?=\.?\s*(?:$|[\n<])))"
              R"(|(A)(?=\s+(?:because|since|as|with|which|and|or|for|not|is|by|from|due|if|where|given)\b)))");
  return statement;
}

/// The letter that a box, or a text that is nothing else, begins with.
std::optional<std::string> leading_letter(const std::string& plain) {
  static const Pattern alone =
      pattern(R"(^[\s{]*(?i:(?:option|choice|answer)[\s:]*)?[(\[]?([A-E])(?:\s*[)\]]?[.:]?[\s}]*$)"
              R"(|\s*[)\]](?!.*\b[A-E]\s?[)\]])[^\n]*\s*$|(?:[.:]\s|:|\s-\s)(?!.*\b[A-E][.:]\s)[^\n]*\s*$))");
  return alone.first(plain);
}

std::optional<std::string> boxed_letter(const std::string& text) {
  static const Pattern lower = pattern(R"(^\s*[(\[]?([a-e])[)\]]?\s*$)"), behind = pattern(R"(\(([A-E])\)\s*$)"),
                       before_value = pattern(R"(^\s*([A-E])\s+[0-9\\]\S*\s*$)");
  for (const std::string& box : boxes(text)) {
    const std::string plain = plain_words(box);
    if (const auto letter = leading_letter(plain)) return letter;
    for (const Pattern* form : {&lower, &behind, &before_value}) {
      if (const auto letter = form->first(plain)) return letter;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> stated_number(const std::string& text) {
  if (const auto value = marked_number(text)) return value;
  const Numbers numbers = written_numbers(plain_numbers(text));
  return numbers.empty() ? std::nullopt : finite(numbers.back().value);
}

std::optional<double> gold_number(const std::string& answer) {
  static const Pattern sentence(R"(^(.*?)(?:[.!?]\s|$))", "answers");
  if (const auto found = boxes(answer); !found.empty()) return clear_number(plain_numbers(found[0]));
  const std::string plain = plain_numbers(answer);
  if (const auto lines = closing_lines(plain); !lines.empty()) return clear_number(lines[0]);
  if (const auto stated = statements(plain); !stated.empty()) return clear_number(sentence.first(stated[0]).value_or(""));
  return clear_number(plain);
}

std::optional<std::string> stated_letter(const std::string& text) {
  static const Pattern
      in_passing = pattern(R"((?|(?i:option|choice)\s+\(?([A-E])\b|\(([A-E])\)))"),
      confirmed = pattern(
          R"(\b([A-E])[)\]]?\s+(?:is|was)\s+(?:(?:therefore|thus|clearly)\s+)?(?:the\s+)?(?:only\s+|most\s+)?(?:correct|right|answer|best)\b)"),
      closing = pattern(R"((?|####+\s*\(?([A-E])\)?\.?\s*(?:$|\n)|\s(?:[Oo]ption|[Cc]hoice)\s+[(\[]?([A-E])[)\]]?\.?\s*$))");
  const auto upper = [](std::string letter) {
    letter[0] = static_cast<char>(letter[0] & ~0x20);
    return letter;
  };
  if (const auto letter = boxed_letter(text)) return upper(*letter);
  const std::string plain = plain_words(text);
  const auto stated = statements(plain);
  for (const std::string& statement : stated) {
    if (const auto letter = letter_statement().first(statement)) return upper(*letter);
  }
  for (const std::string& statement : stated) {
    if (const auto letter = in_passing.first(statement)) return letter;
  }
  for (const Pattern* form : {&confirmed, &closing}) {
    if (const auto letter = form->last(plain)) return letter;
  }
  return leading_letter(plain);
}

std::optional<std::string> stated_word(const std::string& words, const std::string& text) {
  std::string spaced;  // "answer 2" is answer2 behind "the answer is"
  for (const char c : words) spaced += c >= '0' && c <= '9' ? std::string("\\s?") + c : std::string(1, c);
  const Pattern stated(fmt::format(R"(^[\s:(\[]*({0})\b(?!\s*(?:or|and|/)\s*(?:{0})\b))", spaced), words),
      affirmed(
          fmt::format(R"((?<!not )(?<!not the )(?<!n't )\b({})\b(?!\s(?:is|was)(?:n't|\s(?:not|wrong|incorrect|false)\b)))",
                      words),
          words);
  const std::string plain = lowered(plain_words(text));
  std::set<std::string> found;
  for (const std::string& statement : statements(plain)) {
    if (auto word = stated.first(statement)) {
      std::erase_if(*word, [](char c) { return c == ' '; });
      found.insert(*word);
    }
  }
  if (!found.empty()) return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
  for (auto match = affirmed.find(plain, 0); match; match = affirmed.find(plain, match->end))
    found.insert(plain.substr(match->begin, match->end - match->begin));
  return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
}

}  // namespace hyplora

#include "eval/statements.h"

#include <algorithm>
#include <optional>

#include "text/pattern.h"

namespace hyplora {
namespace {

const Pattern& mark() {
  static const Pattern mark(
      R"((?i)(?:\banswer(?: choice| option| letter)?|\b(?:correct|right|best|final) (?:option|choice|letter|result))[*_"'`)\]]*)"
      R"((?:\s*\([^()\n]*\)|\s+(?:to|for|in|of)\b[^.\n:=?]{0,80}?)?[*_]*(?:\s+(?:is|was|equals|(?:would|will|should|must) be|comes to)\b|\s*[:=]|\s-\s)|<answer>|\bans\.?\s*[:=])",
      "answers");
  return mark;
}

/// To the end of the line, or of the next one that says something.
std::string line_from(const std::string& text, size_t begin, size_t end) {
  static const Pattern line(R"(^([\s:*_$"`]*[^\s:*_$"`][^\n]*))", "answers");
  return line.first(text.substr(begin, end - begin)).value_or("");
}

/// What a statement states that may begin with "not".
std::optional<std::string> affirmed(const std::string& statement) {
  static const Pattern negation(R"(^[\s:]*not\b)", "answers"), instead(R"(\bbut\b([^\n]*))", "answers"),
      opinion(R"(^\s*(?:therefore\s+|thus\s+)?(?:right|correct|wrong|incorrect)\b(?!:))",
              "answers");  // on what was stated before
  if (opinion.find(statement, 0)) return std::nullopt;
  return negation.find(statement, 0) ? instead.first(statement) : statement;
}

}  // namespace

std::vector<std::string> statements(const std::string& plain) {
  std::vector<std::string> found;
  for (auto match = mark().find(plain, 0); match;) {
    const auto next = mark().find(plain, match->end);
    if (const auto statement = affirmed(line_from(plain, match->end, next ? next->begin : plain.size())))
      found.push_back(*statement);
    match = next;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::vector<std::string> closing_lines(const std::string& plain) {
  static const Pattern line(R"(####+[ \t]*([^\n]*))", "answers"), numbered(R"(^[\s*(]*([0-9]+)(?:[.):]|\s-)+\s*\S)", "answers"),
      closing(R"(^[\s*_$"'(+\-\x{20ac}\x{a3}]*(?:[a-zA-Z]\s*=[\s$]*)?(?:\.?[0-9]|\\frac))", "answers");
  std::vector<std::string> found;
  size_t headings = 0;
  for (auto match = line.find(plain, 0); match; match = line.find(plain, match->end)) {
    const std::string rest = plain.substr(match->group_begin, match->group_end - match->group_begin);
    const auto number = numbered.first(rest);
    if (number && *number == std::to_string(headings + 1)) {
      ++headings;
    } else if (closing.find(rest, 0)) {
      found.push_back(rest);
    }
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace hyplora

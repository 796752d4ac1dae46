#include "eval/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/boxed.h"
#include "eval/answers.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

using Text = std::optional<std::string>;

bool is_number(const char*, const std::string& answer) { return gold_number(answer).has_value(); }
bool is_word(const char* words, const std::string& answer) {
  const auto all = split_words(words);
  return std::find(all.begin(), all.end(), answer) != all.end();
}
bool is_expression(const char*, const std::string& answer) { return !answer.empty(); }

Judgement judged_number(const std::string& gold, const std::optional<double>& found) {
  return {found ? fmt::format("{}", *found) : "", found && same_number(*gold_number(gold), *found)};
}
Judgement judged_text(const std::string& gold, const Text& found) { return {found.value_or(""), found == gold}; }
Judgement judged_latex(const std::string& gold, const Text& found) {
  return {found.value_or(""), found && normal_latex(*found) == normal_latex(gold)};
}
Judgement judged_box(const std::string& gold, const std::vector<std::string>& boxes) {
  if (boxes.empty()) return {};
  return {boxes[0], latex_form(boxes[0]) == latex_form(gold)};
}

/// Of the words the first that occurs in the lower-cased text.
Text first_word(const char* words, const std::string& text) { return Pattern(words, words).first(lowered(text)); }

using String = std::string;

}  // namespace

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

const VerdictKind number_verdict{
    "number",
    2,
    "a number",
    is_number,
    [](const char*, const String& gold, const String& text) { return judged_number(gold, last_number(text)); },
    [](const char*, const String& gold, const String& text) { return judged_number(gold, stated_number(text)); }};

const VerdictKind letter_verdict{
    "letter",
    2,
    "a letter A to E",
    is_word,
    [](const char*, const String& gold, const String& text) { return judged_text(gold, chosen_letter(text)); },
    [](const char*, const String& gold, const String& text) { return judged_text(gold, stated_letter(text)); },
    "\\b{}\\s?\\)",  // (A) or A )
    "The answer is ({})"};

const VerdictKind word_verdict{
    "word",
    2,
    "one of {}",
    is_word,
    [](const char* words, const String& gold, const String& text) { return judged_text(gold, first_word(words, text)); },
    [](const char* words, const String& gold, const String& text) { return judged_text(gold, stated_word(words, text)); },
    "(?i:\\b{}\\b)",
    "the correct answer is {}"};

const VerdictKind latex_verdict{
    "latex",
    2,
    "an expression",
    is_expression,
    [](const char*, const String& gold, const String& text) { return judged_latex(gold, latex_answer(text)); },
    [](const char*, const String& gold, const String& text) { return judged_box(gold, boxes(text)); }};

const VerdictKind loss_verdict{"loss", 1, nullptr, nullptr, nullptr, nullptr};

std::vector<std::string> split_words(const std::string& words) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= words.size();) {
    const size_t end = std::min(words.find('|', begin), words.size());
    parts.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> offered_words(const VerdictKind& kind, const char* words, const std::string& text) {
  std::vector<std::string> offered;
  for (const std::string& word : split_words(words)) {
    if (Pattern(fmt::format(fmt::runtime(kind.offered), word), words).find(text, 0)) offered.push_back(word);
  }
  return offered;
}

}  // namespace hyplora

// normal_latex and latex_answer of answers.h.
#include <algorithm>

#include "eval/answers.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t position = text.find(from); position != text.npos; position = text.find(from, position + to.size()))
    text.replace(position, from.size(), to);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// `\text{ cm}` behind a number is its unit and goes; `\text{odd}` by itself is the answer and stays as its words.
void drop_text_commands(std::string& text) {
  for (const char* command : {"\\text{", "\\mbox{", "\\textbf{", "\\mathrm{"}) {
    for (size_t position = text.find(command); position != text.npos; position = text.find(command, position)) {
      const size_t inside = position + std::string_view(command).size(), end = text.find('}', inside);
      if (end == text.npos) return;
      const std::string words = text.substr(inside, end - inside);
      text.replace(position, end + 1 - position,
                   position > 0 && position == text.find_first_not_of(" ") ? words
                   : position == 0                                         ? words
                                                                           : "");
    }
  }
}

/// \frac12 -> \frac{1}{2}, \sqrt3 -> \sqrt{3}: an argument of one character gets its braces.
void brace_arguments(std::string& text, std::string_view command, int arguments) {
  for (size_t position = text.find(command); position != text.npos; position = text.find(command, position + 1)) {
    size_t place = position + command.size();
    for (int i = 0; i < arguments && place < text.size(); ++i) {
      if (text[place] == '{') {
        const size_t end = text.find('}', place);
        if (end == text.npos) return;
        place = end + 1;
      } else if (text[place] != '\\' && text[place] != '[') {
        text.replace(place, 1, "{" + std::string(1, text[place]) + "}");
        place += 3;
      } else {
        break;
      }
    }
  }
}

/// a/b of two whole numbers -> \frac{a}{b}.
void spell_fraction(std::string& text) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return;
  const bool negative = text[0] == '-';
  const std::string above = text.substr(negative, slash - negative), below = text.substr(slash + 1);
  if (all_digits(above) && all_digits(below)) text = std::string(negative ? "-" : "") + "\\frac{" + above + "}{" + below + "}";
}

/// 1,234 -> 1234 where the commas stand as thousands.
void drop_thousands(std::string& text) {
  static const Pattern thousands(R"(^-?\d{1,3}(?:,(?:\\!)?\d{3})+(?:\.\d+)?$)", "latex");
  if (thousands.first(text)) std::erase(text, ',');
}

/// x=5 -> 5 where the left side is a short name.
void drop_name(std::string& text) {
  const size_t equals = text.find('=');
  if (equals != text.npos && equals <= 2 && text.find('=', equals + 1) == text.npos) text.erase(0, equals + 1);
}

}  // namespace

std::string normal_latex(const std::string& expression) {
  std::string text = expression;
  for (const char* gone : {"\n", "\\!", "\\,", "\\;", "\\:", "\\$", "$", "\\left", "\\right", "\\%", "%", "^{\\circ}",
                           "^\\circ", "\\degree", "\\ "}) {
    replace_all(text, gone, "");
  }
  for (const char* wide : {"tfrac", "dfrac"}) replace_all(text, wide, "frac");
  replace_all(text, "\\\\", "\\");
  const size_t begin = text.find_first_not_of(' ');
  text = begin == text.npos ? "" : text.substr(begin);
  drop_text_commands(text);
  std::erase(text, ' ');
  while (!text.empty() && (text.back() == '.' || text.back() == ',')) text.pop_back();
  drop_name(text);
  brace_arguments(text, "\\frac", 2);
  brace_arguments(text, "\\sqrt", 1);
  drop_thousands(text);
  if (text.starts_with('.')) text.insert(0, "0");
  if (text.starts_with("-.")) text.insert(1, "0");
  replace_all(text, "{.", "{0.");
  if (text == "0.5") text = "\\frac{1}{2}";
  spell_fraction(text);
  if (const size_t point = text.find('.'); point != text.npos && all_digits(std::string(text).erase(point, 1))) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::optional<std::string> latex_answer(const std::string& text) {
  static const Pattern stated(R"((?i:answer(?: is|:))\s*([^\n]*?)\.?\s*(?:\n|$))", "latex"), dollars(R"(\$([^$]+)\$)", "latex"),
      number(R"(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?)", "latex");
  if (const auto box = boxed(text)) return box;
  if (const auto after = stated.last(text); after && !after->empty()) {
    const auto formula = dollars.last(*after);
    return formula ? formula : after;
  }
  if (const auto formula = dollars.last(text)) return formula;
  return number.last(text);
}

}  // namespace hyplora

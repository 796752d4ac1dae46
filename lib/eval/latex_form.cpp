// latex_form of answers.h: an expression is read from left to right, with its arguments, and written anew.
#include <algorithm>
#include <map>
#include <utility>

#include "eval/answers.h"
#include "eval/plain_text.h"
#include "text/pattern.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

using Names = std::map<std::string, std::string, std::less<>>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Commands by another name.
const Names& synonyms() {
  static const Names names{
      {"leq", "le"},        {"geq", "ge"},   {"neq", "ne"},   {"times", "cdot"},          {"dots", "ldots"},
      {"rightarrow", "to"}, {"lbrace", "{"}, {"rbrace", "}"}, {"leqslant", "le"},         {"geqslant", "ge"},
      {"lvert", "|"},       {"rvert", "|"},  {"vert", "|"},   {"varnothing", "emptyset"}, {"land", "wedge"},
      {"lor", "vee"}};
  return names;
}

/// What the character stands for.
const Names& symbols() {
  static const Names names{{"\u03c0", "\\pi "}, {"\u221e", "\\infty "}, {"\u2264", "\\le "},  {"\u2265", "\\ge "},
                           {"\u2260", "\\ne "}, {"\u222a", "\\cup "},   {"\u2229", "\\cap "}, {"\u2208", "\\in "},
                           {"\u00b1", "\\pm "}, {"\u221a", "\\sqrt "},  {"\u00b0", ""},       {"\u03b8", "\\theta "}};
  return names;
}

std::string with_commands(std::string text) {
  for (const auto& [symbol, command] : symbols()) {
    for (size_t place = text.find(symbol); place != text.npos; place = text.find(symbol, place + command.size()))
      text.replace(place, symbol.size(), command);
  }
  return text;
}

/// Whether all of it is one factor with a minus sign before it.
bool is_negative(const std::string& form) {
  return form.size() > 1 && form[0] == '-' && form.find_first_of("+-=,&", 1) == form.npos;
}

class Reader {
 public:
  explicit Reader(std::string text, int depth = 0) : text_(std::move(text)), depth_(depth) {}

  std::string all() {
    while (place_ < text_.size()) next();  // a "}" too many is passed over
    return std::move(out_);
  }

 private:
  /// What stands up to the brace that closes, at a deeper level.
  std::string group() {
    std::string outer = std::exchange(out_, "");
    const size_t term = std::exchange(term_, 0);
    ++depth_;
    while (place_ < text_.size() && text_[place_] != '}') next();
    --depth_;
    if (place_ < text_.size()) ++place_;
    term_ = term;
    return std::exchange(out_, std::move(outer));
  }

  void skip_spaces() { place_ = std::min(text_.find_first_not_of(" \n\t~", place_), text_.size()); }

  /// Behind the backslash: letters, or one character.
  std::string command_name() {
    size_t end = place_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (end == place_) end += character_size();
    const std::string name = text_.substr(place_, end - place_);
    place_ = end;
    return name;
  }

  /// {group}, one command or one character.
  std::string argument() {
    skip_spaces();
    if (place_ >= text_.size() || text_[place_] == '}') return "";
    if (text_[place_] == '{' && depth_ < deepest) {
      ++place_;
      return group();
    }
    if (depth_ == deepest) {
      place_ += character_size();
      return "";
    }
    std::string outer = std::exchange(out_, "");
    const size_t term = std::exchange(term_, 0);
    ++depth_;
    if (is_digit(text_[place_])) {
      out_ = text_[place_++];
    } else {
      next();
    }
    --depth_;
    term_ = term;
    return std::exchange(out_, std::move(outer));
  }

  void next() {
    const char c = text_[place_];
    if (c == '\\') {
      ++place_;
      command(command_name());
    } else if (c == '{' && depth_ < deepest) {
      ++place_;
      out_ += text_.compare(place_, 2, ",}") == 0 && (place_ += 2) ? "," : group();
    } else if (c == '^' || c == '_') {
      ++place_;
      const std::string raised = argument();
      if (raised != "\\circ ") out_ += std::string(1, c) + "{" + raised + "}";
    } else if (is_digit(c) || (c == '.' && place_ + 1 < text_.size() && is_digit(text_[place_ + 1]))) {
      number();
    } else if (c == '/') {
      ++place_;
      quotient();
    } else {
      plain(c);
    }
  }

  /// Of the one that comes next; 0 at the end.
  size_t character_size() const { return place_ < text_.size() ? character_at(text_, place_).bytes : 0; }

  void plain(char c) {
    const size_t begin = std::exchange(place_, place_ + character_size());
    if (std::string_view(" \n\t~$%{}").find(c) != std::string_view::npos) return;
    out_ += c == '*' ? "\\cdot " : text_.substr(begin, place_ - begin);
    if (std::string_view("+-=,;:<>()[]|&").find(c) != std::string_view::npos) term_ = out_.size();
  }

  /// .50 -> 0.5
  void number() {
    const size_t begin = place_;
    while (place_ < text_.size() && is_digit(text_[place_])) ++place_;
    std::string digits = text_.substr(begin, place_ - begin);
    if (place_ + 1 < text_.size() && text_[place_] == '.' && is_digit(text_[place_ + 1])) {
      size_t end = place_ + 1;
      while (end < text_.size() && is_digit(text_[end])) ++end;
      std::string decimals = text_.substr(place_, end - place_);
      decimals.erase(decimals.find_last_not_of('0') + 1);
      digits = (digits.empty() ? "0" : digits) + (decimals == "." ? "" : decimals);
      place_ = end;
    }
    out_ += digits;
  }

  /// a/b, where a is the term so far and b a number, a letter, a command or a bracket -> \frac{a}{b}
  void quotient() {
    const std::string above = out_.substr(term_);
    std::string below;
    skip_spaces();
    if (place_ < text_.size() && text_[place_] == '(') {
      const size_t end = text_.find(')', place_);
      if (end != text_.npos && text_.find('(', place_ + 1) > end && text_.find('\\', place_) > end) {
        below = Reader(text_.substr(place_ + 1, end - place_ - 1), depth_).all();
        place_ = end + 1;
      }
    } else if (place_ < text_.size() && is_digit(text_[place_])) {
      while (place_ < text_.size() && is_digit(text_[place_])) below += text_[place_++];
    } else if (place_ < text_.size() && (is_letter(text_[place_]) || text_[place_] == '\\')) {
      below = argument();
    }
    if (above.empty() || below.empty()) {
      out_ += "/" + below;
      return;
    }
    out_.erase(term_);
    out_ += "\\frac{" + above + "}{" + below + "}";
  }

  void fraction() {
    std::string above = argument(), below = argument();
    bool negative = false;
    for (std::string* part : {&above, &below}) {
      if (!is_negative(*part)) continue;
      part->erase(0, 1);
      negative = !negative;
    }
    if (negative) turn_sign();
    out_ += "\\frac{" + above + "}{" + below + "}";
  }

  /// Of the term that begins here; behind a factor it cannot be moved.
  void turn_sign() {
    const bool begins = out_.size() == term_,
               signed_term = begins && !out_.empty() && (out_.back() == '-' || out_.back() == '+');
    if (!signed_term) {
      out_ += begins ? "-" : "(-1)";
      return;
    }
    const bool minus = out_.back() == '-';
    out_.pop_back();
    const bool first = out_.empty() || std::string_view("=,;:<>([|&").find(out_.back()) != std::string_view::npos;
    if (!minus || !first) out_ += minus ? '+' : '-';
    term_ = out_.size();
  }

  void root() {
    std::string degree;
    skip_spaces();
    if (place_ < text_.size() && text_[place_] == '[') {
      const size_t end = std::min(text_.find(']', place_), text_.size());
      if (depth_ < deepest) degree = Reader(text_.substr(place_ + 1, end - place_ - 1), depth_ + 1).all();
      place_ = std::min(end + 1, text_.size());
    }
    out_ += (degree.empty() || degree == "2" ? "\\sqrt{" : "\\sqrt[" + degree + "]{") + argument() + "}";
  }

  /// A unit behind a value goes, with its exponent; words that are the answer, or stand between two values, stay.
  void words() {
    static const Pattern to_the_end(R"(^\s*(?:\^\s*(?:\{[^{}]*\}|\S)\s*)?[.,]?\s*$)", "latex");
    const std::string inside = argument();
    if (depth_ > 0 || out_.empty() || !to_the_end.find(text_.substr(place_), 0) || !is_unit(inside)) {
      out_ += inside;
    } else {
      place_ = text_.size();
    }
  }
  static bool is_unit(const std::string& words) { return std::none_of(words.begin(), words.end(), is_digit); }

  void command(const std::string& name) {
    if (contains({"left",
                  "right",
                  "big",
                  "Big",
                  "bigg",
                  "Bigg",
                  "bigl",
                  "bigr",
                  "Bigl",
                  "Bigr",
                  "biggl",
                  "biggr",
                  "displaystyle",
                  "textstyle",
                  "quad",
                  "qquad",
                  ",",
                  ";",
                  ":",
                  "!",
                  " ",
                  "(",
                  ")",
                  "[",
                  "]",
                  "$",
                  "%",
                  "degree",
                  "limits"},
                 name)) {
      return;
    }
    if (contains({"frac", "dfrac", "tfrac", "cfrac"}, name)) return fraction();
    if (name == "sqrt") return root();
    if (contains({"text", "mbox", "mathrm", "textrm", "textnormal", "textbf", "textit"}, name)) return words();
    if (contains({"mathbf", "mathit", "boldsymbol", "boxed", "fbox", "operatorname"}, name)) {
      out_ += argument();
      return;
    }
    if (name == "begin" || name == "end") {
      out_ += "\\" + name + "{" + argument() + "}";
      term_ = out_.size();
      return;
    }
    const auto synonym = synonyms().find(name);
    const std::string& one_name = synonym == synonyms().end() ? name : synonym->second;
    out_ += one_name == "|" ? "|" : "\\" + one_name + (is_letter(one_name.empty() ? '\0' : one_name.back()) ? " " : "");
    if (!contains({"pi", "theta", "alpha", "beta", "cdot", "infty"}, one_name)) term_ = out_.size();
  }

  static constexpr int deepest = 64;  // braces in braces: beyond any answer, and far from the stack's end

  const std::string text_;
  int depth_;
  size_t place_ = 0, term_ = 0;  // term_: where in out_ the term under way begins
  std::string out_;
};

/// Doubled backslashes are JSON's, but in a matrix, where they end rows.
std::string with_single_backslashes(std::string text) {
  if (text.find("\\begin") != text.npos) return text;
  for (size_t place = text.find("\\\\"); place != text.npos; place = text.find("\\\\", place + 1)) text.erase(place, 1);
  return text;
}

/// x=5, f(x)=5, x\in[0,1] -> what stands behind the name.
void drop_name(std::string& form) {
  static const Pattern name(R"(^[a-zA-Z](?:\([a-zA-Z]\))?(?:=|\\in )(?=[^=]+$))", "latex");
  if (const auto match = name.find(form, 0)) form.erase(0, match->end);
}

}  // namespace

std::string latex_form(const std::string& expression) {
  static const Pattern thousands(R"(^-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$)", "latex"), letter(R"(^\(([A-Z])\)$)", "latex"),
      thousands_inside(R"([0-9](\{,\}\s*)[0-9]{3}(?![0-9]))", "latex");
  std::string text = with_single_backslashes(plain_text(with_commands(expression)));
  for (auto match = thousands_inside.find(text, 0); match; match = thousands_inside.find(text, match->begin))
    text.erase(match->group_begin, match->group_end - match->group_begin);
  std::string form = Reader(text).all();
  while (!form.empty() && std::string_view(" .,").find(form.back()) != std::string_view::npos) form.pop_back();
  drop_name(form);
  if (thousands.find(form, 0)) std::erase(form, ',');
  if (const auto alone = letter.first(form)) form = *alone;
  if (form == "0.5" || form == "-0.5") form.replace(form.size() - 3, 3, "\\frac{1}{2}");
  return form;
}

}  // namespace hyplora

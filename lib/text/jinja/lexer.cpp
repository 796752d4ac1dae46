#include "text/jinja/lexer.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "text/jinja/casing.h"
#include "text/jinja/literals.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

/// Line ends are \n, and the last one is gone.
std::string with_plain_lines(const std::string& source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

constexpr const char* symbols[] = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                   "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

class Lexer {
 public:
  Lexer(const std::string& source, const std::string& name) : text_(with_plain_lines(source)), name_(name) {}

  std::vector<Token> tokens() {
    while (place_ < text_.size()) outside();
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw InputError("{}: line {}: {}.", name_, line_, what); }

  bool at(std::string_view part) const { return text_.compare(place_, part.size(), part) == 0; }
  bool at(size_t place, std::string_view part) const { return text_.compare(place, part.size(), part) == 0; }

  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  /// Goes on to `place`, counting lines.
  void go(size_t place) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(place_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
    line_begins_ = place > place_ ? text_[place - 1] == '\n' : line_begins_;
    place_ = place;
  }

  size_t after_space(size_t place) const {
    while (place < text_.size()) {
      const Character c = character_at(text_, place);
      if (!is_space(c.code)) break;
      place += c.bytes;
    }
    return place;
  }

  size_t before_space(size_t begin, size_t end) const {
    while (end > begin) {
      const Character c = character_before(text_, end);
      if (!is_space(c.code)) break;
      end -= c.bytes;
    }
    return end;
  }

  /// The text from here to the tag at `tag`, whose sign says what of the white space before it stays.
  void data(size_t tag, char sign, bool prints) {
    size_t end = tag;
    if (sign == '-') {
      end = before_space(place_, tag);
    } else if (sign != '+' && !prints) {
      const size_t newline = text_.substr(place_, tag - place_).rfind('\n');
      const size_t begin = newline == std::string::npos ? place_ : place_ + newline + 1;
      if ((newline != std::string::npos || line_begins_) && before_space(begin, tag) == begin) end = begin;
    }
    if (end > place_) add(Token::Kind::data, text_.substr(place_, end - place_));
    go(tag);
  }

  char sign_at(size_t place) const {
    const char c = place < text_.size() ? text_[place] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  void outside() {
    size_t tag = place_;
    do {
      tag = text_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= text_.size()) {
        add(Token::Kind::data, text_.substr(place_));
        go(text_.size());
        return;
      }
    } while ((text_[tag + 1] != '{' && text_[tag + 1] != '%' && text_[tag + 1] != '#') && ++tag);
    const char kind = text_[tag + 1], sign = sign_at(tag + 2);
    data(tag, sign, kind == '{');
    const size_t begin = tag + 2 + (sign != '\0' ? 1 : 0);
    if (kind == '#') return comment(begin);
    if (kind == '%' && raw(begin)) return;
    add(kind == '{' ? Token::Kind::print_begin : Token::Kind::block_begin, "");
    go(begin);
    line_begins_ = false;
    inside(kind == '{');
  }

  /// Behind what closes a tag at `place`: the newline that trim_blocks takes, or all white space.
  size_t after_tag(size_t place, std::string_view close) const {
    if (at(place, "-") && at(place + 1, close)) return after_space(place + 1 + close.size());
    if (at(place, "+") && at(place + 1, close)) return place + 1 + close.size();
    if (!at(place, close)) return std::string::npos;
    place += close.size();
    return place < text_.size() && text_[place] == '\n' ? place + 1 : place;
  }

  void comment(size_t begin) {
    go(begin);
    const size_t close = text_.find("#}", begin);
    if (close == std::string::npos) fail("a comment never ends");
    const bool signed_ = close > begin && sign_at(close - 1) != '\0';
    go(after_tag(signed_ ? close - 1 : close, "#}"));
  }

  /// {% raw %} whose sign, if any, ends at `begin`.
  bool raw(size_t begin) {
    size_t place = after_space(begin);
    if (!at(place, "raw")) return false;
    place = after_space(place + 3);
    if (at(place, "-%}")) {
      place = after_space(place + 3);
    } else if (at(place, "%}")) {
      place += 2;
    } else {
      return false;
    }
    go(place);
    for (size_t tag = text_.find("{%", place); tag != std::string::npos; tag = text_.find("{%", tag + 2)) {
      const char sign = sign_at(tag + 2);
      const size_t word = after_space(tag + 2 + (sign != '\0' ? 1 : 0));
      if (!at(word, "endraw")) continue;
      const size_t end = after_tag(after_space(word + 6), "%}");
      if (end == std::string::npos) continue;
      data(tag, sign, false);
      go(end);
      return true;
    }
    fail("a raw block never ends");
  }

  /// The tokens of a tag and its end.
  void inside(bool prints) {
    std::vector<char> open;
    while (place_ < text_.size()) {
      if (open.empty()) {
        const size_t end = prints ? after_print() : after_tag(place_, "%}");
        if (end != std::string::npos) {
          add(prints ? Token::Kind::print_end : Token::Kind::block_end, "");
          go(end);
          line_begins_ = text_[end - 1] == '\n';
          return;
        }
      }
      token(open);
    }
    fail("a tag never ends");
  }

  size_t after_print() const {
    if (at("-}}")) return after_space(place_ + 3);
    return at("}}") ? place_ + 2 : std::string::npos;
  }

  void token(std::vector<char>& open) {
    const size_t space = after_space(place_);
    if (space != place_) return go(space);
    const char before = place_ > 0 ? text_[place_ - 1] : '\0';
    if (const size_t end = end_of_real(text_, place_); end != place_ && before != '.') return take(Token::Kind::real, end);
    if (const size_t end = end_of_integer(text_, place_); end != place_) return take(Token::Kind::integer, end);
    if (const size_t end = end_of_name(); end != place_) return take(Token::Kind::name, end);
    if (text_[place_] == '\'' || text_[place_] == '"') return string();
    symbol(open);
  }

  void take(Token::Kind kind, size_t end) {
    add(kind, text_.substr(place_, end - place_));
    go(end);
  }

  size_t end_of_name() const {
    size_t end = place_;
    while (end < text_.size()) {
      const Character c = character_at(text_, end);
      if (!is_word(c.code) && !is_word_character(c.code)) break;
      end += c.bytes;
    }
    return end;
  }

  void string() {
    const char quote = text_[place_];
    size_t end = place_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fail("a string never ends");
    std::string fault;
    const auto meant = unescaped(std::string_view(text_).substr(place_ + 1, end - place_ - 1), fault);
    if (!meant) fail(fault);
    add(Token::Kind::string, *meant);
    go(end + 1);
  }

  void symbol(std::vector<char>& open) {
    for (const std::string_view symbol : symbols) {
      if (!at(symbol)) continue;
      const char c = symbol[0];
      if (c == '(' || c == '[' || c == '{') open.push_back(c);
      if (c == ')' || c == ']' || c == '}') {
        const char opened = c == ')' ? '(' : c == ']' ? '[' : '{';
        if (open.empty() || open.back() != opened) fail(fmt::format("found \"{}\", which closes nothing", c));
        open.pop_back();
      }
      return take(Token::Kind::symbol, place_ + symbol.size());
    }
    fail(fmt::format("found \"{}\", which is no part of an expression",
                     text_.substr(place_, character_at(text_, place_).bytes)));
  }

  const std::string text_;
  const std::string& name_;
  std::vector<Token> tokens_;
  size_t place_ = 0;
  int line_ = 1;
  bool line_begins_ = true;
};

}  // namespace

std::vector<Token> tokens_of(const std::string& source, const std::string& name) { return Lexer(source, name).tokens(); }

}  // namespace hyplora::jinja

#include "text/jinja_lexer.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

/// As Jinja reads a file: one kind of line end, and none behind the last line.
std::string normal_lines(const std::string& source) {
  std::string made;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      made += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      made += source[i];
    }
  }
  if (made.ends_with('\n')) made.pop_back();
  return made;
}

class Lexer {
 public:
  Lexer(const std::string& source, const std::string& name) : source_(normal_lines(source)), name_(name) {}

  std::vector<Token> all() {
    while (place_ < source_.size()) {
      const size_t open = next_tag();
      take_text(open);
      if (open < source_.size()) take_tag();
    }
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw InputError("{}: line {}: {}.", name_, line_, what); }
  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  bool stands(std::string_view text) const { return source_.compare(place_, text.size(), text) == 0; }

  /// Moves on and counts lines.
  void go(size_t to) {
    line_ += static_cast<int>(
        std::count(source_.begin() + static_cast<ptrdiff_t>(place_), source_.begin() + static_cast<ptrdiff_t>(to), '\n'));
    place_ = to;
  }

  size_t next_tag() const {
    for (size_t open = source_.find('{', place_); open != source_.npos; open = source_.find('{', open + 1)) {
      if (open + 1 < source_.size() && std::string_view("{%#").find(source_[open + 1]) != std::string_view::npos) return open;
    }
    return source_.size();
  }

  /// The text before a tag, without the white space that the tag takes away: all with "-", the line's where a block begins it.
  void take_text(size_t open) {
    std::string text = source_.substr(place_, open - place_);
    const char kind = open < source_.size() ? source_[open + 1] : ' ',
               sign = open + 2 < source_.size() ? source_[open + 2] : ' ';
    if (open < source_.size() && sign == '-') {
      while (!text.empty() && is_white_space(character_before(text, text.size()).code))
        text.resize(text.size() - character_before(text, text.size()).bytes);
    } else if (open < source_.size() && kind != '{' && sign != '+') {
      const size_t line = text.rfind('\n') + 1;  // 0 where there is none
      const bool begins_line = line > 0 || at_line_start_;
      if (begins_line && text.find_first_not_of(" \t\f\v", line) == text.npos) text.resize(line);
    }
    if (!text.empty()) add(Token::Kind::text, text);
    go(open);
  }

  void take_tag() {
    const char kind = source_[place_ + 1];
    go(place_ + 2);
    if (kind == '#') return take_comment();
    if (place_ < source_.size() && (source_[place_] == '-' || (kind == '%' && source_[place_] == '+'))) go(place_ + 1);
    if (kind == '%' && take_raw()) return;
    add(kind == '{' ? Token::Kind::print_begin : Token::Kind::block_begin, "");
    const std::string end = kind == '{' ? "}}" : "%}";
    while (!take_end(kind, end)) take_token();
  }

  void take_comment() {
    const size_t end = source_.find("#}", place_);
    if (end == source_.npos) fail("a comment never ends");
    const char sign = end > place_ ? source_[end - 1] : ' ';
    go(end);
    close('#', sign, 2);
  }

  /// Behind a tag's end: "-" takes white space away, a block the line's end, unless it ends with "+".
  void close(char kind, char sign, size_t length) {
    go(place_ + length);
    at_line_start_ = false;
    if (sign == '-') {
      while (place_ < source_.size() && is_white_space(character_at(source_, place_).code))
        go(place_ + character_at(source_, place_).bytes);
      at_line_start_ = place_ > 0 && source_[place_ - 1] == '\n';
    } else if (kind != '{' && sign != '+' && place_ < source_.size() && source_[place_] == '\n') {
      go(place_ + 1);
      at_line_start_ = true;
    }
  }

  bool take_end(char kind, const std::string& end) {
    while (place_ < source_.size() && is_space(source_[place_])) go(place_ + 1);
    if (place_ >= source_.size()) fail(kind == '{' ? "a {{ never ends" : "a {% never ends");
    if (!open_.empty()) return false;
    const char sign = stands("-" + end) ? '-' : kind == '%' && stands("+" + end) ? '+' : ' ';
    if (sign == ' ' && !stands(end)) return false;
    add(kind == '{' ? Token::Kind::print_end : Token::Kind::block_end, "");
    close(kind, sign, sign == ' ' ? 2 : 3);
    return true;
  }

  /// {% raw %} ... {% endraw %}, the text between as it stands.
  bool take_raw() {
    const auto word_at = [&](size_t from, std::string_view word) {
      while (from < source_.size() && is_space(source_[from])) ++from;
      if (source_.compare(from, word.size(), word) != 0) return source_.npos;
      from += word.size();
      while (from < source_.size() && is_space(source_[from])) ++from;
      if (source_.compare(from, 1, "-") == 0 || source_.compare(from, 1, "+") == 0) ++from;
      return source_.compare(from, 2, "%}") == 0 ? from : source_.npos;
    };
    const size_t begin = word_at(place_, "raw");
    if (begin == source_.npos) return false;
    go(begin);
    close('%', source_[begin - 1] == '-' ? '-' : '+', 2);  // a line's end behind it stays
    for (size_t open = source_.find("{%", place_); open != source_.npos; open = source_.find("{%", open + 1)) {
      const bool signed_tag = source_.compare(open + 2, 1, "-") == 0 || source_.compare(open + 2, 1, "+") == 0;
      const size_t end = word_at(open + 2 + (signed_tag ? 1 : 0), "endraw");
      if (end == source_.npos) continue;
      take_text(open);
      go(end);
      close('%', source_[end - 1], 2);
      return true;
    }
    fail("{% raw %} never ends");
  }

  void take_token() {
    const char c = source_[place_];
    if (is_letter(c)) return take_while(Token::Kind::name, [](char d) { return is_letter(d) || is_digit(d); });
    if (is_digit(c)) return take_number();
    if (c == '\'' || c == '"') return take_string(c);
    for (const char* symbol : {"**", "//", "==", "!=", "<=", ">="}) {
      if (stands(symbol)) return take_symbol(2);
    }
    if (std::string_view("+-*/%~()[]{}.,:|=<>").find(c) == std::string_view::npos)
      fail(fmt::format("\"{}\" is no part of an expression", c));
    if (std::string_view("([{").find(c) != std::string_view::npos) open_ += c;
    if (std::string_view(")]}").find(c) != std::string_view::npos) {
      if (open_.empty()) fail(fmt::format("\"{}\" closes nothing", c));
      open_.pop_back();
    }
    take_symbol(1);
  }

  void take_symbol(size_t length) {
    add(Token::Kind::symbol, source_.substr(place_, length));
    go(place_ + length);
  }

  template <class Belongs>
  void take_while(Token::Kind kind, Belongs belongs) {
    size_t end = place_;
    while (end < source_.size() && belongs(source_[end])) ++end;
    add(kind, source_.substr(place_, end - place_));
    go(end);
  }

  void take_number() {
    size_t end = place_;
    const auto digits = [&] {
      while (end < source_.size() &&
             (is_digit(source_[end]) || (source_[end] == '_' && end + 1 < source_.size() && is_digit(source_[end + 1]))))
        ++end;
    };
    digits();
    bool real = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      real = true;
      ++end;
      digits();
    }
    size_t exponent = end + 1;
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
      if (exponent < source_.size() && is_digit(source_[exponent])) {
        real = true;
        end = exponent;
        digits();
      }
    }
    std::string text = source_.substr(place_, end - place_);
    std::erase(text, '_');
    add(real ? Token::Kind::real : Token::Kind::integer, text);
    go(end);
  }

  void take_string(char quote) {
    std::string made;
    size_t i = place_ + 1;
    for (; i < source_.size() && source_[i] != quote; ++i) {
      if (source_[i] != '\\') {
        made += source_[i];
      } else if (++i < source_.size()) {
        i = take_escape(i, made);
      }
    }
    if (i >= source_.size()) fail("a string never ends");
    add(Token::Kind::string, made);
    go(i + 1);
  }

  /// Python's escapes; returns the place of the last character that belongs to it.
  size_t take_escape(size_t i, std::string& made) const {
    static constexpr std::string_view letters = "ntrbfav0\\'\"", values{"\n\t\r\b\f\a\v\0\\'\"", 11};
    const char c = source_[i];
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      const std::string hex = source_.substr(i + 1, digits);
      if (hex.size() != digits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos)
        fail(fmt::format("\\{} is followed by no {} hexadecimal digits", c, digits));
      made += utf8(static_cast<uint32_t>(std::stoul(hex, nullptr, 16)));
      return i + digits;
    }
    if (c == '\n') return i;
    const size_t known = letters.find(c);
    if (known == letters.npos) made += '\\';
    made += known == letters.npos ? c : values[known];
    return i;
  }

  const std::string source_;
  const std::string& name_;
  std::vector<Token> tokens_;
  std::string open_;  // brackets
  size_t place_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
};

}  // namespace

std::vector<Token> tokens_of(const std::string& source, const std::string& name) { return Lexer(source, name).all(); }

}  // namespace hyplora::jinja

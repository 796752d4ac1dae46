// The place in a template's tokens, and what both halves of the parser ask of it.
#pragma once

#include <algorithm>

#include "core/error.h"
#include "text/jinja_lexer.h"
#include "text/jinja_syntax.h"

namespace hyplora::jinja {

class Cursor {
 public:
  Cursor(const std::string& source, const std::string& name) : tokens_(tokens_of(source, name)), name_(name) {}

  using Kind = Node::Kind;
  using Nodes = std::vector<Node>;

  [[noreturn]] void fail(const std::string& what) const { throw InputError("{}: line {}: {}.", name_, now().line, what); }
  const Token& now() const { return tokens_[place_]; }
  const Token& after() const { return tokens_[std::min(place_ + 1, tokens_.size() - 1)]; }
  bool is(Token::Kind kind, std::string_view text) const { return now().kind == kind && now().text == text; }
  bool is_symbol(std::string_view text) const { return is(Token::Kind::symbol, text); }
  bool is_word(std::string_view text) const { return is(Token::Kind::name, text); }
  bool takes_symbol(std::string_view text) { return is_symbol(text) && ++place_ > 0; }
  bool takes_word(std::string_view text) { return is_word(text) && ++place_ > 0; }
  std::string shown() const {
    if (now().kind == Token::Kind::end) return "the end";
    return now().text.empty() ? "the end of a tag" : "\"" + now().text + "\"";
  }
  void expect(std::string_view symbol) {
    if (!takes_symbol(symbol)) fail(fmt::format("found {}, expected \"{}\"", shown(), symbol));
  }
  void expect(Token::Kind kind, const char* what) {
    if (now().kind != kind) fail(fmt::format("found {}, expected {}", shown(), what));
    ++place_;
  }
  std::string take_name() {
    const std::string name = now().text;
    expect(Token::Kind::name, "a name");
    return name;
  }
  Node node(Kind kind, std::string text = "", Nodes children = {}) const {
    return Node{kind, std::move(text), nullptr, std::move(children), {}, {}, now().line};
  }

  /// One more operator of the expression at hand: long chains are trees as deep as they are long.
  void link() {
    if (++links_ > 1000) fail("an expression holds more than 1000 operators");
  }
  void begin_expression() { links_ = 0; }
  void back() { --place_; }
  void next() { ++place_; }

  /// Every nesting goes through one of these.
  struct Level {
    explicit Level(Cursor& cursor) : cursor_(cursor) {
      if (++cursor_.depth_ > 100) cursor_.fail(fmt::format("it is nested deeper than {} levels", 100));
    }
    ~Level() { --cursor_.depth_; }
    Cursor& cursor_;
  };

 private:
  std::vector<Token> tokens_;
  const std::string& name_;
  size_t place_ = 0;
  int depth_ = 0, links_ = 0;
};

/// The expression that begins here; one without `if ... else` around it, as loops have; one or several with commas between.
Node expression(Cursor& cursor);
Node plain_expression(Cursor& cursor);
Node expressions(Cursor& cursor);
/// `made` with the filters and tests behind it.
Node with_filters(Cursor& cursor, Node made);

}  // namespace hyplora::jinja

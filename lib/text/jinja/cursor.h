// The place in a template's tokens, and what both halves of the parser ask of it.
#pragma once

#include <algorithm>

#include "core/error.h"
#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

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
  bool is(Token::Kind kind) const { return now().kind == kind; }
  bool is_symbol(std::string_view text) const { return is(Token::Kind::symbol, text); }
  bool is_word(std::string_view text) const { return is(Token::Kind::name, text); }
  bool takes_symbol(std::string_view text) { return is_symbol(text) && ++place_ > 0; }
  bool takes_word(std::string_view text) { return is_word(text) && ++place_ > 0; }
  std::string shown() const {
    if (is(Token::Kind::end)) return "the end";
    if (is(Token::Kind::print_end) || is(Token::Kind::block_end)) return "the end of a tag";
    return "\"" + now().text + "\"";
  }
  void expect(std::string_view symbol) {
    if (!takes_symbol(symbol)) fail(fmt::format("found {}, expected \"{}\"", shown(), symbol));
  }
  void expect_word(std::string_view word) {
    if (!takes_word(word)) fail(fmt::format("found {}, expected \"{}\"", shown(), word));
  }
  void expect(Token::Kind kind, const char* what) {
    if (!is(kind)) fail(fmt::format("found {}, expected {}", shown(), what));
    ++place_;
  }
  std::string take_name() {
    const std::string name = now().text;
    expect(Token::Kind::name, "a name");
    return name;
  }
  Node node(Kind kind, std::string text = "", Nodes children = {}) const {
    Node made;
    made.kind = kind;
    made.line = now().line;
    made.text = std::move(text);
    made.children = std::move(children);
    return made;
  }
  void next() { ++place_; }

  /// One more operator of the expression at hand: long chains are trees as deep as they are long.
  void link() {
    if (++links_ > 1000) fail("an expression holds more than 1000 operators");
  }
  void begin_expression() { links_ = 0; }

  /// A name that is read: the macros around it may have to hand it over.
  void ask(const std::string& name) {
    for (Node* macro : macros) {
      macro->asks_caller |= name == "caller";
      macro->asks_kwargs |= name == "kwargs";
      macro->asks_varargs |= name == "varargs";
    }
  }

  /// Every nesting goes through one of these.
  struct Level {
    explicit Level(Cursor& cursor) : cursor_(cursor) {
      if (++cursor_.depth_ > 100) cursor_.fail("it is nested deeper than 100 levels");
    }
    ~Level() { --cursor_.depth_; }
    Cursor& cursor_;
  };

  /// Whether a filter or test that does not exist is only an error where it is reached: directly within a condition's branches.
  struct Lenient {
    Lenient(Cursor& cursor, bool lenient) : cursor_(cursor), before_(cursor.lenient) { cursor.lenient = lenient; }
    ~Lenient() { cursor_.lenient = before_; }
    Cursor& cursor_;
    bool before_;
  };
  bool lenient = false;

  /// A filter or test that does not exist; an `if` behind it still makes it lenient.
  struct Unknown {
    int line = 0;
    std::string what = "";
  };
  std::vector<Unknown> unknown;
  void refuse_unknown() const {
    if (!unknown.empty()) throw InputError("{}: line {}: {}.", name_, unknown[0].line, unknown[0].what);
  }
  std::vector<Node*> macros;  // whose body the cursor is in
  int loops = 0;              // that a break here may leave

 private:
  std::vector<Token> tokens_;
  const std::string& name_;
  size_t place_ = 0;
  int depth_ = 0, links_ = 0;
};

/// The expression that begins here; one without `if ... else` around it, as loops have.
Node expression(Cursor& cursor, bool conditional = true);
/// One or, as a tuple, several with commas between; `end`: the word that ends them.
Node expressions(Cursor& cursor, bool conditional = true, std::string_view end = "");
/// What for and set assign to: a name, a tuple of targets, the attribute of a namespace.
Node target(Cursor& cursor, bool members, std::string_view end = "");
/// `call` gets what stands in the parentheses.
void read_arguments(Cursor& cursor, Node& call);
/// Elements with commas between, until the bracket that closes them.
template <class Element>
void read_list(Cursor& cursor, std::string_view close, Element element) {
  while (!cursor.is_symbol(close)) {
    element();
    if (!cursor.takes_symbol(",")) break;
  }
  cursor.expect(close);
}
/// `made` with the filters behind it; with `first`, one stands here without its bar.
Node with_filters(Cursor& cursor, Node made, bool first = false);

}  // namespace hyplora::jinja

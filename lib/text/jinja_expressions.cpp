// The expressions of a Jinja template, by recursive descent.
#include "text/jinja_cursor.h"

namespace hyplora::jinja {
namespace {

using Kind = Node::Kind;
using Nodes = std::vector<Node>;

class Expressions {
 public:
  explicit Expressions(Cursor& cursor) : at_(cursor) {}

  // From the loosest to the tightest.
  Node tuple() {
    Node first = expression();
    if (!at_.is_symbol(",")) return first;
    Node made = at_.node(Kind::list, "", {std::move(first)});
    while (at_.takes_symbol(",")) {
      if (at_.now().kind != Token::Kind::block_end) made.children.push_back(expression());
    }
    return made;
  }

  Node expression() { return either(/*with_condition=*/true); }

  Node either(bool with_condition) {
    const Cursor::Level level(at_);
    Node left = chain(
        {"or"},
        [this] {
          return chain(
              {"and"}, [this] { return negation(); }, true);
        },
        true);
    while (with_condition && at_.takes_word("if")) {
      Node condition = either(false);
      Node otherwise = at_.takes_word("else") ? expression() : at_.node(Kind::absent);
      left = at_.node(Kind::conditional, "", {std::move(left), std::move(condition), std::move(otherwise)});
    }
    return left;
  }

  template <class Next>
  Node chain(std::initializer_list<std::string_view> signs, Next next, bool words = false) {
    Node left = next();
    while (at_.now().kind == (words ? Token::Kind::name : Token::Kind::symbol) &&
           std::find(signs.begin(), signs.end(), at_.now().text) != signs.end()) {
      const std::string sign = at_.now().text;
      at_.next();
      Node right = next();
      left = at_.node(Kind::binary, sign, {std::move(left), std::move(right)});
      at_.link();
    }
    return left;
  }

  Node negation() {
    const Cursor::Level level(at_);
    if (at_.takes_word("not")) return at_.node(Kind::unary, "not", {negation()});
    return comparison();
  }

  /// a < b < c is a < b and b < c.
  Node comparison() {
    Node left = sum(), made;
    while (true) {
      const std::string sign = compares();
      if (sign.empty()) return made.kind == Kind::absent ? left : made;
      Node right = sum(), one = at_.node(Kind::binary, sign, {left, right});
      made = made.kind == Kind::absent ? std::move(one) : at_.node(Kind::binary, "and", {std::move(made), std::move(one)});
      left = std::move(right);
      at_.link();
    }
  }
  std::string compares() {
    for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (at_.takes_symbol(sign)) return sign;
    }
    if (at_.takes_word("in")) return "in";
    if (at_.is_word("not") && at_.after().text == "in") {
      at_.next();
      at_.next();
      return "not in";
    }
    return "";
  }

  Node sum() {
    return chain({"+", "-"}, [this] { return chain({"~"}, [this] { return product(); }); });
  }
  Node product() {
    return chain({"*", "/", "//", "%"}, [this] { return chain({"**"}, [this] { return sign(true); }); });
  }

  Node sign(bool filtered) {
    const Cursor::Level level(at_);
    Node made;
    if (at_.takes_symbol("-")) {
      made = at_.node(Kind::unary, "-", {sign(false)});
    } else if (at_.takes_symbol("+")) {
      made = at_.node(Kind::unary, "+", {sign(false)});
    } else {
      made = primary();
    }
    made = postfix(std::move(made));
    return filtered ? filters(std::move(made)) : made;
  }

  Node primary() {
    const Token token = at_.now();
    if (token.kind == Token::Kind::symbol) return bracketed();
    at_.next();
    Node made = at_.node(Kind::constant);
    if (token.kind == Token::Kind::string) {
      std::string text = token.text;
      for (; at_.now().kind == Token::Kind::string; at_.next()) text += at_.now().text;
      made.value = text;
    } else if (token.kind == Token::Kind::integer || token.kind == Token::Kind::real) {
      const auto number = try_json(token.text);
      if (!number) at_.fail(fmt::format("\"{}\" is no number", token.text));
      made.value = token.kind == Token::Kind::real ? Json(number->get<double>()) : *number;
    } else if (token.kind == Token::Kind::name) {
      if (token.text == "true" || token.text == "True") {
        made.value = true;
      } else if (token.text == "false" || token.text == "False") {
        made.value = false;
      } else if (token.text != "none" && token.text != "None") {
        return at_.node(Kind::name, token.text);
      }
    } else {
      at_.back();
      at_.fail(fmt::format("found {}, expected an expression", at_.shown()));
    }
    return made;
  }

  Node bracketed() {
    if (at_.takes_symbol("(")) return parenthesised();
    if (at_.takes_symbol("[")) {
      Node made = at_.node(Kind::list);
      list_until("]", [&] { made.children.push_back(expression()); });
      return made;
    }
    if (at_.takes_symbol("{")) {
      Node made = at_.node(Kind::dict);
      list_until("}", [&] {
        made.children.push_back(expression());
        at_.expect(":");
        made.children.push_back(expression());
      });
      return made;
    }
    at_.fail(fmt::format("found {}, expected an expression", at_.shown()));
  }

  template <class One>
  void list_until(std::string_view end, One one) {
    while (!at_.takes_symbol(end)) {
      one();
      if (!at_.is_symbol(end)) at_.expect(",");
    }
  }

  Node parenthesised() {
    if (at_.takes_symbol(")")) return at_.node(Kind::list);
    Node first = expression();
    if (at_.takes_symbol(")")) return first;
    Node made = at_.node(Kind::list, "", {std::move(first)});
    at_.expect(",");
    list_until(")", [&] { made.children.push_back(expression()); });
    return made;
  }

  Node postfix(Node made) {
    while (true) {
      at_.link();
      if (at_.takes_symbol(".")) {
        if (at_.now().kind == Token::Kind::integer) {
          made = at_.node(Kind::item, "", {std::move(made), primary()});
        } else {
          made = at_.node(Kind::attribute, at_.now().text, {std::move(made)});
          at_.take_name();
        }
      } else if (at_.takes_symbol("[")) {
        made = subscript(std::move(made));
      } else if (at_.is_symbol("(")) {
        made = call(at_.node(Kind::call, "", {std::move(made)}));
      } else {
        return made;
      }
    }
  }

  Node subscript(Node of) {
    Nodes parts;
    bool sliced = false;
    while (true) {
      parts.push_back(at_.is_symbol(":") || at_.is_symbol("]") ? at_.node(Kind::absent) : expression());
      if (at_.takes_symbol("]")) break;
      at_.expect(":");
      sliced = true;
    }
    if (parts.size() > 3) at_.fail("a slice has at most three parts");
    if (!sliced && parts[0].kind == Kind::absent) at_.fail("found \"]\", expected an index");
    Node made = at_.node(sliced ? Kind::slice : Kind::item, "", {std::move(of)});
    for (Node& part : parts) made.children.push_back(std::move(part));
    while (sliced && made.children.size() < 4) made.children.push_back(at_.node(Kind::absent));
    return made;
  }

  /// Adds the arguments in parentheses.
  Node call(Node made) {
    at_.expect("(");
    list_until(")", [&] {
      if (at_.is_symbol("*") || at_.is_symbol("**")) at_.fail("* and ** in arguments are not supported");
      if (at_.now().kind == Token::Kind::name && at_.after().kind == Token::Kind::symbol && at_.after().text == "=") {
        std::string key = at_.take_name();
        at_.next();
        made.keywords.emplace_back(std::move(key), expression());
      } else {
        made.children.push_back(expression());
      }
    });
    return made;
  }

  Node filters(Node made) {
    while (true) {
      at_.link();
      if (at_.takes_symbol("|")) {
        made = at_.node(Kind::filter, at_.take_name(), {std::move(made)});
        if (at_.is_symbol("(")) made = call(std::move(made));
      } else if (at_.takes_word("is")) {
        made = test(std::move(made));
      } else if (at_.is_symbol("(")) {
        made = call(at_.node(Kind::call, "", {std::move(made)}));
      } else {
        return made;
      }
    }
  }

  Node test(Node of) {
    const bool negated = at_.takes_word("not");
    const bool is_sign = at_.now().kind == Token::Kind::symbol;
    Node made = at_.node(Kind::test, is_sign ? at_.now().text : "", {std::move(of)});
    if (is_sign) {
      at_.fail(fmt::format("found {}, expected the name of a test", at_.shown()));
    }
    made.text = at_.take_name();
    if (at_.is_symbol("(")) {
      made = call(std::move(made));
    } else if (begins_argument()) {
      made.children.push_back(postfix(primary()));
    }
    return negated ? at_.node(Kind::unary, "not", {std::move(made)}) : made;
  }
  bool begins_argument() const {
    if (at_.now().kind == Token::Kind::symbol) return at_.is_symbol("[") || at_.is_symbol("{");
    if (at_.now().kind == Token::Kind::name) {
      for (const char* word : {"else", "or", "and", "is", "in", "not", "if"}) {
        if (at_.is_word(word)) return false;
      }
      return true;
    }
    return at_.now().kind == Token::Kind::string || at_.now().kind == Token::Kind::integer ||
           at_.now().kind == Token::Kind::real;
  }

  Cursor& at_;
};

}  // namespace

Node expression(Cursor& cursor) { return Expressions(cursor).expression(); }
Node plain_expression(Cursor& cursor) { return Expressions(cursor).either(false); }
Node expressions(Cursor& cursor) { return Expressions(cursor).tuple(); }
Node with_filters(Cursor& cursor, Node made) { return Expressions(cursor).filters(std::move(made)); }

}  // namespace hyplora::jinja

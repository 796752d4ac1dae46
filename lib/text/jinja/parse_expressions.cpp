// The parser's expressions, in the order of Jinja's precedence: if, or, and, not, comparisons, + -, ~, * / // %, **, signs,
// attributes and calls, filters and tests.
#include "text/jinja/builtins.h"
#include "text/jinja/cursor.h"
#include "text/jinja/literals.h"

namespace hyplora::jinja {
namespace {

using Kind = Node::Kind;

Node constant(const Cursor& cursor, Value value) {
  Node made = cursor.node(Kind::constant);
  made.value = std::move(value);
  return made;
}

bool ends_tuple(const Cursor& cursor, std::string_view end) {
  return cursor.is(Token::Kind::print_end) || cursor.is(Token::Kind::block_end) || cursor.is_symbol(")") ||
         (!end.empty() && cursor.is_word(end));
}

template <class Parse>
Node tuple(Cursor& cursor, std::string_view end, Parse parse) {
  Node made = cursor.node(Kind::tuple);
  bool comma = false;
  while (!ends_tuple(cursor, end)) {
    made.children.push_back(parse());
    comma = cursor.takes_symbol(",");
    if (!comma) break;
  }
  if (!comma && made.children.size() == 1) return Node(std::move(made.children[0]));
  return made;
}

Node name_or_constant(Cursor& cursor) {
  const std::string word = cursor.now().text;
  Node made = cursor.node(Kind::name, word);
  cursor.next();
  if (word == "true" || word == "True") return constant(cursor, true);
  if (word == "false" || word == "False") return constant(cursor, false);
  if (word == "none" || word == "None") return constant(cursor, Value(hyplora::jinja::Kind::none));
  cursor.ask(word);
  return made;
}

Node number(Cursor& cursor) {
  const Token token = cursor.now();
  Node made = constant(cursor, Value());
  cursor.next();
  if (token.kind == Token::Kind::real) {
    made.value = real_in(token.text);
  } else {
    const auto integer = integer_in(token.text);
    if (!integer) cursor.fail(fmt::format("found {}, an integer that does not fit into 64 bits", token.text));
    made.value = *integer;
  }
  return made;
}

Node string(Cursor& cursor) {
  Node made = constant(cursor, Value());
  std::string text;
  for (; cursor.is(Token::Kind::string); cursor.next()) text += cursor.now().text;
  made.value = Value(std::move(text));
  made.value.text_length();  // once, here, where no other thread reads it
  return made;
}

Node primary(Cursor& cursor) {
  if (cursor.is(Token::Kind::name)) return name_or_constant(cursor);
  if (cursor.is(Token::Kind::string)) return string(cursor);
  if (cursor.is(Token::Kind::integer) || cursor.is(Token::Kind::real)) return number(cursor);
  if (cursor.takes_symbol("(")) {
    Node made = tuple(cursor, "", [&] { return expression(cursor); });
    cursor.expect(")");
    return made;
  }
  Node made = cursor.node(Kind::list);
  if (cursor.takes_symbol("[")) {
    read_list(cursor, "]", [&] { made.children.push_back(expression(cursor)); });
    return made;
  }
  if (cursor.takes_symbol("{")) {
    made.kind = Kind::dict;
    read_list(cursor, "}", [&] {
      made.children.push_back(expression(cursor));
      cursor.expect(":");
      made.children.push_back(expression(cursor));
    });
    return made;
  }
  cursor.fail(fmt::format("found {}, expected an expression", cursor.shown()));
}

/// Inside of brackets: an index, or up to three parts of a slice.
Node subscript(Cursor& cursor) {
  const auto ends = [&] { return cursor.is_symbol("]") || cursor.is_symbol(",") || cursor.is_symbol(":"); };
  const auto part = [&] { return ends() ? cursor.node(Kind::absent) : expression(cursor); };
  Node made = cursor.node(Kind::slice);
  if (!cursor.is_symbol(":")) {
    Node index = expression(cursor);
    if (!cursor.is_symbol(":")) return index;
    made.children.push_back(std::move(index));
  } else {
    made.children.push_back(cursor.node(Kind::absent));
  }
  cursor.expect(":");
  made.children.push_back(part());
  made.children.push_back(cursor.takes_symbol(":") ? part() : cursor.node(Kind::absent));
  return made;
}

Node bracketed(Cursor& cursor, Node whole) {
  Node made = cursor.node(Kind::item);
  Node parts = cursor.node(Kind::tuple);
  bool first = true;
  while (!cursor.takes_symbol("]")) {
    if (!first) cursor.expect(",");
    first = false;
    parts.children.push_back(subscript(cursor));
  }
  made.children.push_back(std::move(whole));
  if (parts.children.size() == 1) {
    made.children.push_back(Node(std::move(parts.children[0])));
  } else {
    made.children.push_back(std::move(parts));
  }
  return made;
}

Node called(Cursor& cursor, Node function) {
  Node made = cursor.node(Kind::call);
  made.children.push_back(std::move(function));
  read_arguments(cursor, made);
  return made;
}

Node postfix(Cursor& cursor, Node made) {
  while (true) {
    if (cursor.takes_symbol(".")) {
      Node attribute = cursor.node(Kind::attribute, cursor.now().text);
      if (cursor.is(Token::Kind::integer)) {
        attribute.kind = Kind::item;
        attribute.children.push_back(std::move(made));
        attribute.children.push_back(number(cursor));
      } else {
        cursor.take_name();
        attribute.children.push_back(std::move(made));
      }
      made = std::move(attribute);
    } else if (cursor.takes_symbol("[")) {
      made = bracketed(cursor, std::move(made));
    } else if (cursor.is_symbol("(")) {
      made = called(cursor, std::move(made));
    } else {
      return made;
    }
    cursor.link();
  }
}

std::string dotted_name(Cursor& cursor) {
  std::string name = cursor.take_name();
  while (cursor.takes_symbol(".")) name += "." + cursor.take_name();
  return name;
}

/// Whether an argument without parentheses follows a test's name.
bool bare_argument(const Cursor& cursor) {
  if (cursor.is_symbol("[") || cursor.is_symbol("{") || cursor.is(Token::Kind::string) || cursor.is(Token::Kind::integer) ||
      cursor.is(Token::Kind::real))
    return true;
  return cursor.is(Token::Kind::name) && !cursor.is_word("else") && !cursor.is_word("or") && !cursor.is_word("and");
}

Node tested(Cursor& cursor, Node subject) {
  const bool negated = cursor.takes_word("not");
  Node made = cursor.node(Kind::test);
  made.text = dotted_name(cursor);
  if (!cursor.lenient && !is_test(made.text))
    cursor.unknown.push_back({made.line, fmt::format("the test \"{}\" is not supported", made.text)});
  made.children.push_back(std::move(subject));
  if (cursor.is_symbol("(")) {
    read_arguments(cursor, made);
  } else if (bare_argument(cursor)) {
    if (cursor.is_word("is")) cursor.fail("found \"is\" behind a test, expected it once");
    made.children.push_back(postfix(cursor, primary(cursor)));
  }
  if (!negated) return made;
  Node negation = cursor.node(Kind::negation);
  negation.children.push_back(std::move(made));
  return negation;
}

Node with_filters_and_tests(Cursor& cursor, Node made) {
  while (true) {
    if (cursor.is_symbol("|")) {
      made = with_filters(cursor, std::move(made));
    } else if (cursor.takes_word("is")) {
      made = tested(cursor, std::move(made));
    } else if (cursor.is_symbol("(")) {
      made = called(cursor, std::move(made));
    } else {
      return made;
    }
    cursor.link();
  }
}

Node unary(Cursor& cursor, bool filters) {
  Node made = cursor.node(cursor.is_symbol("-") ? Kind::minus : Kind::plus);
  if (cursor.takes_symbol("-") || cursor.takes_symbol("+")) {
    const Cursor::Level level(cursor);
    made.children.push_back(unary(cursor, false));
  } else {
    made = primary(cursor);
  }
  made = postfix(cursor, std::move(made));
  return filters ? with_filters_and_tests(cursor, std::move(made)) : made;
}

/// One of the signs, or "".
std::string sign_of(Cursor& cursor, std::initializer_list<const char*> signs) {
  for (const char* sign : signs) {
    if (cursor.takes_symbol(sign)) return sign;
  }
  return "";
}

template <class Operand>
Node arithmetic(Cursor& cursor, std::initializer_list<const char*> signs, Operand operand) {
  Node made = operand();
  for (std::string sign = sign_of(cursor, signs); !sign.empty(); sign = sign_of(cursor, signs)) {
    cursor.link();
    Node whole = cursor.node(Kind::arithmetic, sign);
    whole.children.push_back(std::move(made));
    whole.children.push_back(operand());
    made = std::move(whole);
  }
  return made;
}

Node product(Cursor& cursor) {
  const auto power = [&] { return arithmetic(cursor, {"**"}, [&] { return unary(cursor, true); }); };
  return arithmetic(cursor, {"*", "/", "//", "%"}, power);
}

Node joined(Cursor& cursor) {
  Node made = cursor.node(Kind::join);
  made.children.push_back(product(cursor));
  while (cursor.takes_symbol("~")) made.children.push_back(product(cursor));
  return made.children.size() == 1 ? Node(std::move(made.children[0])) : made;
}

Node sum(Cursor& cursor) {
  return arithmetic(cursor, {"+", "-"}, [&] { return joined(cursor); });
}

Node comparison(Cursor& cursor) {
  Node made = cursor.node(Kind::comparison);
  made.children.push_back(sum(cursor));
  while (true) {
    std::string sign = sign_of(cursor, {"==", "!=", ">=", "<=", ">", "<"});
    if (sign.empty() && cursor.takes_word("in")) sign = "in";
    if (sign.empty() && cursor.is_word("not") && cursor.after().kind == Token::Kind::name && cursor.after().text == "in") {
      cursor.next();
      cursor.next();
      sign = "not in";
    }
    if (sign.empty()) return made.names.empty() ? Node(std::move(made.children[0])) : made;
    made.names.push_back(sign);
    made.children.push_back(sum(cursor));
  }
}

Node negation(Cursor& cursor) {
  if (!cursor.is_word("not")) return comparison(cursor);
  const Cursor::Level level(cursor);
  Node made = cursor.node(Kind::negation);
  cursor.next();
  made.children.push_back(negation(cursor));
  return made;
}

template <class Operand>
Node logic(Cursor& cursor, Kind kind, const char* word, Operand operand) {
  Node made = operand();
  while (cursor.takes_word(word)) {
    cursor.link();
    Node whole = cursor.node(kind);
    whole.children.push_back(std::move(made));
    whole.children.push_back(operand());
    made = std::move(whole);
  }
  return made;
}

Node either(Cursor& cursor) {
  return logic(cursor, Kind::either, "or", [&] { return logic(cursor, Kind::both, "and", [&] { return negation(cursor); }); });
}

Node conditional(Cursor& cursor) {
  const size_t unknown = cursor.unknown.size();
  Node made = either(cursor);
  while (cursor.takes_word("if")) {
    cursor.link();
    const Cursor::Lenient lenient(cursor, true);
    cursor.unknown.resize(std::min(unknown, cursor.unknown.size()));
    Node whole = cursor.node(Kind::conditional);
    whole.children.push_back(either(cursor));
    whole.children.push_back(std::move(made));
    whole.children.push_back(cursor.takes_word("else") ? expression(cursor) : cursor.node(Kind::absent));
    made = std::move(whole);
  }
  return made;
}

}  // namespace

Node expression(Cursor& cursor, bool with_condition) {
  const Cursor::Level level(cursor);
  return with_condition ? conditional(cursor) : either(cursor);
}

Node expressions(Cursor& cursor, bool with_condition, std::string_view end) {
  cursor.begin_expression();
  if (ends_tuple(cursor, end)) cursor.fail(fmt::format("found {}, expected an expression", cursor.shown()));
  return tuple(cursor, end, [&] { return expression(cursor, with_condition); });
}

Node with_filters(Cursor& cursor, Node made, bool first) {
  while (first || cursor.is_symbol("|")) {
    if (!first) cursor.next();
    first = false;
    Node filter = cursor.node(Node::Kind::filter);
    filter.text = dotted_name(cursor);
    if (!cursor.lenient && !is_filter(filter.text))
      cursor.unknown.push_back({filter.line, fmt::format("the filter \"{}\" is not supported", filter.text)});
    filter.children.push_back(std::move(made));
    if (cursor.is_symbol("(")) read_arguments(cursor, filter);
    made = std::move(filter);
    cursor.link();
  }
  return made;
}

Node target(Cursor& cursor, bool members, std::string_view end) {
  const Cursor::Level level(cursor);
  Node made = tuple(cursor, end, [&] {
    if (cursor.takes_symbol("(")) {
      Node inner = target(cursor, false);
      cursor.expect(")");
      return inner;
    }
    Node one = cursor.node(Node::Kind::name, cursor.now().text);
    cursor.take_name();
    for (const char* word : {"true", "false", "none", "True", "False", "None"}) {
      if (one.text == word) cursor.fail(fmt::format("found {}, expected a name to set", word));
    }
    if (members && cursor.takes_symbol(".")) {
      one.kind = Node::Kind::member;
      one.names.push_back(cursor.take_name());
    }
    return one;
  });
  if (made.kind == Node::Kind::tuple && made.children.empty())
    cursor.fail(fmt::format("found {}, expected a name", cursor.shown()));
  return made;
}

}  // namespace hyplora::jinja

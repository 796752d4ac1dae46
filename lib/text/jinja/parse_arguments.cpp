// The parser's arguments: in order, by name, spread from a list or a dict.
#include "text/jinja/cursor.h"

namespace hyplora::jinja {
namespace {

using Kind = Node::Kind;

void argument(Cursor& cursor, Node& call) {
  const auto spread = [&](Kind kind) {
    Node made = cursor.node(kind);
    made.children.push_back(expression(cursor));
    call.children.push_back(std::move(made));
  };
  const auto has = [&](Kind kind) {
    return std::any_of(call.children.begin(), call.children.end(), [&](const Node& child) { return child.kind == kind; });
  };
  const bool no_more = has(Kind::spread_pairs);
  if (cursor.takes_symbol("**")) {
    if (no_more) cursor.fail("found two arguments with **");
    return spread(Kind::spread_pairs);
  }
  if (cursor.takes_symbol("*")) {
    if (no_more || has(Kind::spread)) cursor.fail("found two arguments with *");
    return spread(Kind::spread);
  }
  if (cursor.is(Token::Kind::name) && cursor.after().kind == Token::Kind::symbol && cursor.after().text == "=") {
    const std::string name = cursor.take_name();
    cursor.next();
    for (const auto& [other, value] : call.keywords) {
      if (other == name) cursor.fail(fmt::format("found the argument \"{}\" twice", name));
    }
    if (no_more) cursor.fail("found a named argument behind one with **");
    call.keywords.emplace_back(name, expression(cursor));
    return;
  }
  if (!call.keywords.empty() || no_more || has(Kind::spread))
    cursor.fail("found an argument without a name behind one with a name");
  call.children.push_back(expression(cursor));
}

}  // namespace

void read_arguments(Cursor& cursor, Node& call) {
  cursor.expect("(");
  read_list(cursor, ")", [&] { argument(cursor, call); });
}

}  // namespace hyplora::jinja

// The parser's statements.
#include "text/jinja/cursor.h"

namespace hyplora::jinja {
namespace {

using Kind = Node::Kind;
using Words = std::initializer_list<std::string_view>;

Node statement(Cursor& cursor);

bool is_one_of(const Cursor& cursor, Words words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return cursor.is_word(word); });
}

/// Everything up to a tag that begins with one of the words, which is the next token then; up to the end where there are none.
Node block(Cursor& cursor, Words ends) {
  const Cursor::Level level(cursor);
  Node made = cursor.node(Kind::block);
  while (!cursor.is(Token::Kind::end)) {
    if (cursor.is(Token::Kind::data)) {
      made.children.push_back(cursor.node(Kind::data, cursor.now().text));
      cursor.next();
    } else if (cursor.is(Token::Kind::print_begin)) {
      cursor.next();
      Node output = cursor.node(Kind::output);
      output.children.push_back(expressions(cursor));
      cursor.expect(Token::Kind::print_end, "\"}}\"");
      made.children.push_back(std::move(output));
    } else {
      cursor.expect(Token::Kind::block_begin, "a tag");
      if (is_one_of(cursor, ends)) return made;
      made.children.push_back(statement(cursor));
      cursor.expect(Token::Kind::block_end, "\"%}\"");
    }
  }
  if (ends.size() > 0) cursor.fail(fmt::format("found the end, expected \"{}\"", *(ends.end() - 1)));
  return made;
}

/// A block behind a tag, its first line's colon and end included.
Node body(Cursor& cursor, Words ends) {
  cursor.takes_symbol(":");
  cursor.expect(Token::Kind::block_end, "\"%}\"");
  return block(cursor, ends);
}

/// A body up to the one word that ends it, which is taken.
Node whole_body(Cursor& cursor, std::string_view end) {
  const Cursor::Lenient strict(cursor, false);
  Node made = body(cursor, {end});
  cursor.next();
  return made;
}

Node branch(Cursor& cursor) {
  Node made = cursor.node(Kind::branch);
  while (true) {
    const Cursor::Lenient lenient(cursor, true);
    made.children.push_back(expressions(cursor, false));
    made.children.push_back(body(cursor, {"elif", "else", "endif"}));
    if (cursor.takes_word("elif")) continue;
    if (cursor.takes_word("else")) {
      made.children.push_back(body(cursor, {"endif"}));
    } else {
      made.children.push_back(cursor.node(Kind::block));
    }
    cursor.next();
    return made;
  }
}

Node loop(Cursor& cursor) {
  const Cursor::Lenient strict(cursor, false);
  Node made = cursor.node(Kind::loop);
  made.children.push_back(target(cursor, false, "in"));
  cursor.expect_word("in");
  made.children.push_back(expressions(cursor, false, "recursive"));
  made.children.push_back(cursor.takes_word("if") ? expression(cursor) : cursor.node(Kind::absent));
  made.flag = cursor.takes_word("recursive");
  ++cursor.loops;
  made.children.push_back(body(cursor, {"else", "endfor"}));
  --cursor.loops;
  made.children.push_back(cursor.takes_word("else") ? body(cursor, {"endfor"}) : cursor.node(Kind::block));
  cursor.next();
  return made;
}

Node set(Cursor& cursor) {
  Node made = cursor.node(Kind::set);
  made.children.push_back(target(cursor, true));
  if (cursor.takes_symbol("=")) {
    made.children.push_back(expressions(cursor));
    return made;
  }
  made.kind = Kind::set_block;
  made.children.push_back(cursor.is_symbol("|") ? with_filters(cursor, cursor.node(Kind::absent)) : cursor.node(Kind::absent));
  made.children.push_back(whole_body(cursor, "endset"));
  return made;
}

/// The names in parentheses, and the defaults of the last ones.
void signature(Cursor& cursor, Node& macro) {
  cursor.expect("(");
  while (!cursor.is_symbol(")")) {
    if (!macro.names.empty()) cursor.expect(",");
    const std::string name = cursor.take_name();
    if (std::find(macro.names.begin(), macro.names.end(), name) != macro.names.end())
      cursor.fail(fmt::format("found the parameter \"{}\" twice", name));
    macro.names.push_back(name);
    if (cursor.takes_symbol("=")) {
      macro.children.push_back(expression(cursor));
    } else if (macro.children.size() > 1) {
      cursor.fail("found a parameter without a default behind one that has it");
    }
  }
  cursor.next();
}

/// A body that is a function of its own: no break in it leaves a loop around it.
Node function_body(Cursor& cursor, std::string_view end) {
  const int loops = std::exchange(cursor.loops, 0);
  Node made = whole_body(cursor, end);
  cursor.loops = loops;
  return made;
}

/// The body of a macro whose signature is read.
void macro_body(Cursor& cursor, Node& made, std::string_view end) {
  cursor.macros.push_back(&made);
  made.children[0] = function_body(cursor, end);
  cursor.macros.pop_back();
}

Node macro(Cursor& cursor) {
  const Cursor::Lenient strict(cursor, false);
  Node made = cursor.node(Kind::macro);
  made.text = cursor.take_name();
  made.children.push_back(cursor.node(Kind::block));
  signature(cursor, made);
  macro_body(cursor, made, "endmacro");
  return made;
}

Node call_block(Cursor& cursor) {
  Node made = cursor.node(Kind::call_block), caller = cursor.node(Kind::macro);
  caller.children.push_back(cursor.node(Kind::block));
  if (cursor.is_symbol("(")) signature(cursor, caller);
  cursor.begin_expression();
  made.children.push_back(expression(cursor));
  if (made.children[0].kind != Kind::call) cursor.fail("expected a call behind \"call\"");
  macro_body(cursor, caller, "endcall");
  made.children.push_back(std::move(caller));
  return made;
}

Node filter_block(Cursor& cursor) {
  Node made = cursor.node(Kind::filter_block);
  cursor.begin_expression();
  made.children.push_back(with_filters(cursor, cursor.node(Kind::absent), true));
  made.children.push_back(whole_body(cursor, "endfilter"));
  return made;
}

Node with(Cursor& cursor) {
  Node made = cursor.node(Kind::with);
  while (!cursor.is(Token::Kind::block_end) && !cursor.is_symbol(":")) {
    if (!made.children.empty()) cursor.expect(",");
    Node name = cursor.node(Kind::name, cursor.now().text);
    if (cursor.is_symbol("(")) {
      name = target(cursor, false);
    } else {
      cursor.take_name();
    }
    made.children.push_back(std::move(name));
    cursor.expect("=");
    made.children.push_back(expression(cursor));
  }
  made.children.push_back(whole_body(cursor, "endwith"));
  return made;
}

Node print(Cursor& cursor) {
  Node made = cursor.node(Kind::output);
  while (!cursor.is(Token::Kind::block_end)) {
    if (!made.children.empty()) cursor.expect(",");
    cursor.begin_expression();
    made.children.push_back(expression(cursor));
  }
  return made;
}

Node generation(Cursor& cursor) {
  Node made = cursor.node(Kind::generation);
  made.children.push_back(function_body(cursor, "endgeneration"));
  return made;
}

Node statement(Cursor& cursor) {
  const std::string word = cursor.shown();
  if (cursor.takes_word("if")) return branch(cursor);
  if (cursor.takes_word("for")) return loop(cursor);
  if (cursor.takes_word("set")) return set(cursor);
  if (cursor.takes_word("macro")) return macro(cursor);
  if (cursor.takes_word("call")) return call_block(cursor);
  if (cursor.takes_word("filter")) return filter_block(cursor);
  if (cursor.takes_word("with")) return with(cursor);
  if (cursor.takes_word("print")) return print(cursor);
  if (cursor.takes_word("generation")) return generation(cursor);
  if (cursor.is_word("break") || cursor.is_word("continue")) {
    if (cursor.loops == 0) cursor.fail(fmt::format("found {} outside of a loop", word));
    Node made = cursor.node(cursor.is_word("break") ? Kind::leave : Kind::next);
    cursor.next();
    return made;
  }
  cursor.fail(fmt::format("the statement {} is not supported here", word));
}

}  // namespace

Node parse(const std::string& source, const std::string& name) {
  Cursor cursor(source, name);
  Node root = block(cursor, {});
  cursor.refuse_unknown();
  return root;
}

}  // namespace hyplora::jinja

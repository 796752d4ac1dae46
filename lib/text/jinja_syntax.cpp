#include "text/jinja_syntax.h"

#include <algorithm>
#include <initializer_list>

#include "text/jinja_cursor.h"

namespace hyplora::jinja {
namespace {

using Kind = Node::Kind;

/// The statements; expressions are parsed by jinja_expressions.cpp.
class Parser {
 public:
  Parser(const std::string& source, const std::string& name) : at_(source, name) {}

  Node whole() {
    Node all = block({});
    if (at_.now().kind != Token::Kind::end) at_.fail("found what closes a block that is not open");
    return all;
  }

 private:
  /// Up to a block that begins with one of the words, which is not taken.
  Node block(std::initializer_list<std::string_view> ends) {
    const Cursor::Level level(at_);
    Node all = at_.node(Kind::block);
    while (at_.now().kind != Token::Kind::end) {
      at_.begin_expression();
      if (at_.now().kind == Token::Kind::text) {
        all.children.push_back(at_.node(Kind::text, at_.now().text));
        at_.next();
      } else if (at_.now().kind == Token::Kind::print_begin) {
        at_.next();
        all.children.push_back(at_.node(Kind::output, "", {expression(at_)}));
        at_.expect(Token::Kind::print_end, "}}");
      } else {
        at_.expect(Token::Kind::block_begin, "a block");
        if (std::find(ends.begin(), ends.end(), at_.now().text) != ends.end()) {
          at_.back();
          return all;
        }
        all.children.push_back(statement());
      }
    }
    if (ends.size() > 0) at_.fail(fmt::format("found the end of the template, expected {{% {} %}}", *(ends.end() - 1)));
    return all;
  }

  /// The words that end a block, behind which the tag ends.
  void close(std::string_view word) {
    at_.expect(Token::Kind::block_begin, "a block");
    if (!at_.takes_word(word)) at_.fail(fmt::format("found {}, expected {}", at_.shown(), word));
    end_tag();
  }
  void end_tag() { at_.expect(Token::Kind::block_end, "the end of the tag"); }

  Node statement() {
    const std::string word = at_.take_name();
    if (word == "if") return branch();
    if (word == "for") return loop();
    if (word == "set") return set();
    if (word == "macro") return macro();
    if (word == "generation") {  // transformers' mark of what the assistant said
      end_tag();
      Node inner = block({"endgeneration"});
      close("endgeneration");
      return inner;
    }
    if (word == "break" || word == "continue") {
      if (loops_ == 0) at_.fail(word + " stands outside of a loop");
      end_tag();
      return at_.node(word == "break" ? Kind::leave : Kind::next);
    }
    at_.back();
    at_.fail(fmt::format("the statement \"{}\" is not supported", word));
  }

  Node branch() {
    Node made = at_.node(Kind::branch);
    made.children.push_back(expression(at_));
    end_tag();
    while (true) {
      made.children.push_back(block({"elif", "else", "endif"}));
      at_.next();  // {%
      if (at_.takes_word("elif")) {
        made.children.push_back(expression(at_));
        end_tag();
      } else if (at_.takes_word("else")) {
        end_tag();
        made.children.push_back(block({"endif"}));
        close("endif");
        return made;
      } else {
        at_.takes_word("endif");
        end_tag();
        return made;
      }
    }
  }

  std::vector<std::string> targets() {
    const bool enclosed = at_.takes_symbol("(");
    std::vector<std::string> names{at_.take_name()};
    while (at_.takes_symbol(",")) {
      if (at_.now().kind == Token::Kind::name && !at_.is_word("in")) names.push_back(at_.take_name());
    }
    if (enclosed) at_.expect(")");
    return names;
  }

  Node loop() {
    Node made = at_.node(Kind::loop);
    made.names = targets();
    if (!at_.takes_word("in")) at_.fail(fmt::format("found {}, expected in", at_.shown()));
    made.children.push_back(plain_expression(at_));
    made.children.push_back(at_.takes_word("if") ? expression(at_) : at_.node(Kind::absent));
    if (at_.is_word("recursive")) at_.fail("recursive loops are not supported");
    end_tag();
    ++loops_;
    made.children.push_back(block({"else", "endfor"}));
    --loops_;
    at_.next();
    if (at_.takes_word("else")) {
      end_tag();
      made.children.push_back(block({"endfor"}));
      at_.next();
    } else {
      made.children.push_back(at_.node(Kind::block));
    }
    at_.takes_word("endfor");
    end_tag();
    return made;
  }

  Node set() {
    Node made = at_.node(Kind::set);
    if (at_.after().text == "." && at_.after().kind == Token::Kind::symbol) {
      made.names = {at_.take_name()};
      at_.next();
      made.text = at_.take_name();
    } else {
      made.names = targets();
    }
    if (at_.takes_symbol("=")) {
      made.children.push_back(expressions(at_));
      end_tag();
      return made;
    }
    made.kind = Kind::set_block;
    Node form = with_filters(at_, at_.node(Kind::absent));
    end_tag();
    made.children = {block({"endset"}), std::move(form)};
    close("endset");
    return made;
  }

  Node macro() {
    Node made = at_.node(Kind::macro, at_.take_name(), {at_.node(Kind::absent)});
    at_.expect("(");
    while (!at_.takes_symbol(")")) {
      made.names.push_back(at_.take_name());
      made.children.push_back(at_.takes_symbol("=") ? expression(at_) : at_.node(Kind::absent));
      if (!at_.is_symbol(")")) at_.expect(",");
    }
    end_tag();
    const int loops = std::exchange(loops_, 0);
    made.children[0] = block({"endmacro"});
    loops_ = loops;
    close("endmacro");
    return made;
  }

  Cursor at_;
  int loops_ = 0;
};

}  // namespace

Node parse(const std::string& source, const std::string& name) { return Parser(source, name).whole(); }

}  // namespace hyplora::jinja

// The syntax of chat templates (jinja.palletsprojects.com/en/stable/templates) as a tree: all of Jinja 2 that one template needs.
// White space is treated as transformers' apply_chat_template does it: trim_blocks and lstrip_blocks are on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace hyplora::jinja {

struct Node {
  enum class Kind {
    // expressions
    constant,      // value
    name,          // text
    list,          // children
    tuple,         // children
    dict,          // children: key, value, key, value, ...
    attribute,     // children[0] . text
    item,          // children[0] [children[1]]
    slice,         // children[0] : children[1] : children[2], those left out being `absent`
    absent,        // nothing stands there
    call,          // children[0] (children[1...], keywords, spread ...)
    filter,        // children[0] | text (children[1...], keywords); children[0] is `absent` in front of a block
    test,          // children[0] is text (children[1...])
    negation,      // not children[0]
    minus,         // - children[0]
    plus,          // + children[0]
    both,          // children[0] and children[1]
    either,        // children[0] or children[1]
    arithmetic,    // children[0] text children[1]
    join,          // children[0] ~ children[1] ~ ...
    comparison,    // children[0] names[0] children[1] names[1] children[2] ...
    conditional,   // children[1] if children[0] else children[2] (or absent)
    member,        // the attribute names[0] of the namespace text, as the target of a set
    spread,        // *children[0] in a call
    spread_pairs,  // **children[0] in a call
    // statements
    data,          // text
    output,        // children, one after the other
    block,         // children, one after the other
    branch,        // children: condition, block, condition, block, ..., block
    loop,          // children: target, what it goes through, condition (or absent), block, else block; flag: recursive
    set,           // children[0] = children[1]
    set_block,     // children[0] = what children[2] prints, through the filters of children[1] (or absent)
    macro,         // text (names, their last ones' defaults in children[1...]): children[0]; what it asks for in flags
    call_block,    // children[0] is the call, children[1] a macro: its caller
    filter_block,  // children[1] through the filters of children[0]
    with,          // children: target, value, target, value, ..., block
    generation,    // children[0], of which the renderer says where it stands
    leave,         // break
    next           // continue
  };
  Kind kind = Kind::absent;
  int line = 0;
  std::string text = "";
  Value value = {};
  std::vector<Node> children = {};
  std::vector<std::string> names = {};
  std::vector<std::pair<std::string, Node>> keywords = {};
  bool flag = false;
  bool asks_caller = false, asks_kwargs = false, asks_varargs = false;  // of a macro: its body says these names
};

/// The template as one block. InputError with `name` and the line: malformed, nested deeper than 100, or a part of Jinja that is
/// not interpreted.
Node parse(const std::string& source, const std::string& name);

}  // namespace hyplora::jinja

// The syntax of chat templates: the part of Jinja 2 (jinja.palletsprojects.com/en/stable/templates) that they use, as a tree.
// White space is treated as transformers' apply_chat_template does it: trim_blocks and lstrip_blocks are on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace hyplora::jinja {

struct Node {
  enum class Kind {
    // expressions
    constant,     // value
    name,         // text
    list,         // children
    dict,         // children: key, value, key, value, ...
    attribute,    // children[0] . text
    item,         // children[0] [children[1]]
    slice,        // children[0] [children[1] : children[2] : children[3]], those left out being `absent`
    absent,       // nothing stands there
    call,         // children[0] (children[1...], keywords)
    filter,       // children[0] | text (children[1...], keywords)
    test,         // children[0] is text (children[1...])
    unary,        // text children[0]
    binary,       // children[0] text children[1]
    conditional,  // children[0] if children[1] else children[2]
    // statements
    text,       // text
    output,     // children[0]
    block,      // children, one after the other
    branch,     // children: condition, block, condition, block, ..., block
    loop,       // names in children[0], if children[1] (or absent): children[2], else children[3]
    set,        // names = children[0]; an attribute of a namespace: names[0].text
    set_block,  // names[0] = what children[0] prints, through the filters around `absent` in children[1]
    macro,      // text (names, their defaults in children[1...]): children[0]
    leave,      // break
    next        // continue
  };
  Kind kind = Kind::absent;
  std::string text = "";
  Json value = nullptr;
  std::vector<Node> children = {};
  std::vector<std::string> names = {};
  std::vector<std::pair<std::string, Node>> keywords = {};
  int line = 0;
};

/// The template as one block. InputError with `name` and the line: malformed, nested deeper than 100, or a part of Jinja that is
/// not interpreted.
Node parse(const std::string& source, const std::string& name);

}  // namespace hyplora::jinja

// The pieces of a Jinja template: its text, and the tokens between {{ and }} or {% and %}. Comments and the white space that
// signs, trim_blocks and lstrip_blocks take away are gone.
#pragma once

#include <string>
#include <vector>

namespace hyplora::jinja {

struct Token {
  enum class Kind { data, print_begin, print_end, block_begin, block_end, name, integer, real, string, symbol, end };
  Kind kind;
  std::string text;  // of a string: what it stands for
  int line;
};

/// InputError with `name` and the line for what never ends, or is no token.
std::vector<Token> tokens_of(const std::string& source, const std::string& name);

}  // namespace hyplora::jinja

// Tokens that are looked for in the text before anything else: leftmost, then longest, each with its rules about white space
// and words around it (the added tokens of tokenizer.json).
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace hyplora {

constexpr int32_t most_token_ids = 1 << 24;      // a table of this size is made for the ids that a file claims
constexpr size_t most_added_token_bytes = 4096;  // each place of a text is compared with whole added tokens

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false, normalized = false;
  bool single_word = false;             // only where no word character touches it
  bool lstrip = false, rstrip = false;  // takes the white space on that side with it
};

/// Part of a text: an added token, or text between them (id -1).
struct TextPart {
  int32_t id;
  size_t begin, end;
};

class AddedTokens {
 public:
  /// Contents are looked for as they are given here.
  void add(const AddedToken& token);
  bool empty() const { return tokens_.empty(); }

  /// The parts in order; empty ones are left out. Special tokens are not looked for where they touch a range of `literal`.
  std::vector<TextPart> split(std::string_view text, const std::vector<TextRange>& literal) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, uint32_t>> children;  // sorted by byte
    int32_t token = -1;                                        // that ends here: an index into tokens_
  };
  const AddedToken* longest_at(std::string_view text, size_t place, const std::vector<TextRange>& literal) const;
  uint32_t child(uint32_t node, unsigned char byte) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_{1};
  std::vector<bool> starts_ = std::vector<bool>(256, false);  // bytes that some token begins with
};

}  // namespace hyplora

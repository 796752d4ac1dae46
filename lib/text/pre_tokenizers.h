// The pre-tokenizer of tokenizer.json: steps that cut a text into words, each made from its JSON description: Sequence Split
// ByteLevel Metaspace Digits Punctuation Whitespace WhitespaceSplit BertPreTokenizer CharDelimiterSplit. Semantics are those of
// Hugging Face's tokenizers 0.21 to 0.23.
#pragma once

#include <deque>
#include <functional>
#include <string_view>

#include "text/component.h"

namespace hyplora {

struct Word {
  std::string_view text;
  bool at_start;  // of the whole input
};
/// Words on their way through the pre-tokenizers. Their texts lie in the input or in `owned`.
struct Words {
  std::vector<Word> words;
  std::deque<std::string> owned;
};
using PreTokenizer = std::function<void(Words&)>;

struct PreTokenizers {
  std::vector<PreTokenizer> steps;
  /// The model's symbols are bytes. A ByteLevel that is not the last step spells bytes as characters, as the vocabulary does, and
  /// the steps behind it see those.
  bool byte_level = false;

  /// The words become what bytes are spelled as, and the model's symbols characters.
  void spell_bytes();
};

/// No steps for null. InputError names a component that is not known.
PreTokenizers make_pre_tokenizers(const Component& component);

enum class Prepend { first, always, never };
/// Of Metaspace, the pre-tokenizer and the decoder.
Prepend prepend_scheme(const Component& component);

}  // namespace hyplora

// The steps of tokenizer.json around the model, each made from its JSON description:
//   normalizer     text -> text                   Sequence Prepend Replace NFC NFD NFKC NFKD
//   pre-tokenizer  text -> words                  Sequence Split ByteLevel Metaspace
//   decoder        token texts -> token texts     Sequence Replace ByteFallback Fuse Strip ByteLevel Metaspace
// Semantics are those of Hugging Face's tokenizers 0.21 to 0.23.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace hyplora {

/// How large a text may become on its way: no real normalizer or decoder comes near it, and a file of a few lines cannot ask for
/// gigabytes.
constexpr size_t growth_limit(size_t bytes) { return 64 * bytes + (1 << 16); }

/// A component's JSON and its place in the file, for messages.
struct Component {
  const Json& json;
  std::string where;
};

using Normalizer = std::function<void(std::string&)>;
/// Empty steps for null. InputError names a component that is not known.
std::vector<Normalizer> make_normalizer(const Component& component);

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
  bool byte_level = false;  // the model's symbols are bytes
};
PreTokenizers make_pre_tokenizers(const Component& component);

using Decoder = std::function<void(std::vector<std::string>&)>;
std::vector<Decoder> make_decoders(const Component& component);

/// All steps, one after the other. InputError with the file: they make far more of the text than it was.
void run_normalizer(const std::vector<Normalizer>& steps, std::string& text, const std::string& file);
void run_decoders(const std::vector<Decoder>& steps, std::vector<std::string>& tokens, const std::string& file);

}  // namespace hyplora

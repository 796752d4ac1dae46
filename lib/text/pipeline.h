// The steps of tokenizer.json around the model, each made from its JSON description:
//   normalizer     text -> text                   Sequence Prepend Replace NFC NFD NFKC NFKD
//   pre-tokenizer  text -> words                  in text/pre_tokenizers.h
//   decoder        token texts -> token texts     Sequence Replace ByteFallback Fuse Strip ByteLevel Metaspace
// Semantics are those of Hugging Face's tokenizers 0.21 to 0.23.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "text/component.h"

namespace hyplora {

using Normalizer = std::function<void(std::string&)>;
/// Empty steps for null. InputError names a component that is not known.
std::vector<Normalizer> make_normalizer(const Component& component);

using Decoder = std::function<void(std::vector<std::string>&)>;
std::vector<Decoder> make_decoders(const Component& component);

/// All steps, one after the other. InputError with the file: they make far more of the text than it was.
void run_normalizer(const std::vector<Normalizer>& steps, std::string& text, const std::string& file);
void run_decoders(const std::vector<Decoder>& steps, std::vector<std::string>& tokens, const std::string& file);

}  // namespace hyplora

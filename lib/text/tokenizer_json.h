// tokenizer.json, the serialisation of Hugging Face's tokenizers (https://huggingface.co/docs/tokenizers): added tokens,
// normalizer, pre-tokenizer, BPE, post-processor, decoder. A component that is not known here is an error by name, never
// skipped.
#pragma once

#include "text/tokenizer_config.h"

namespace hyplora {

/// `folder` holds tokenizer.json and may hold tokenizer_config.json (which names BOS and EOS). InputError when either is
/// malformed or asks for what is not implemented.
std::unique_ptr<Tokenizer> load_tokenizer_json(const fs::path& folder);

/// Of the text of such a file that was made from others, the first of which is `vocabulary`.
std::unique_ptr<Tokenizer> tokenizer_of_json(const std::string& json, const fs::path& vocabulary,
                                             const TokenizerConfig& config);

}  // namespace hyplora

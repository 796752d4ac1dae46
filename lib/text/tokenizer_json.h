// tokenizer.json, the serialisation of Hugging Face's tokenizers (https://huggingface.co/docs/tokenizers): added tokens,
// normalizer, pre-tokenizer, BPE, post-processor, decoder. A component that is not known here is an error by name, never
// skipped.
#pragma once

#include "text/tokenizer.h"

namespace hyplora {

/// `folder` holds tokenizer.json and may hold tokenizer_config.json (which names BOS and EOS). InputError when either is
/// malformed or asks for what is not implemented.
std::unique_ptr<Tokenizer> load_tokenizer_json(const fs::path& folder);

}  // namespace hyplora

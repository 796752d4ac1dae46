// tokenizer.model: sentencepiece's own library, with the special tokens of tokenizer_config.json.
// The rules are those of transformers' LlamaTokenizer: BOS first unless add_bos_token is false, EOS last if add_eos_token. A
// text by itself is sentencepiece's own business, in which a written "</s>" is five characters; with ranges of literal text (a
// prompt template with rows in it) the special tokens outside them become their ids.
#pragma once

#include "text/tokenizer.h"

namespace hyplora {

/// `folder` holds tokenizer.model and may hold tokenizer_config.json. InputError when either is malformed.
std::unique_ptr<Tokenizer> load_sentencepiece(const fs::path& folder);

}  // namespace hyplora

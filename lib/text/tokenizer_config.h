// tokenizer_config.json: which tokens are BOS and EOS, and whether encoding adds them.
#pragma once

#include "text/added_tokens.h"

namespace hyplora {

struct TokenizerConfig {
  std::string file;
  std::string tokenizer_class;
  std::optional<std::string> bos_token, eos_token;
  std::optional<bool> add_bos_token, add_eos_token;
  std::vector<AddedToken> added;  // added_tokens_decoder

  /// transformers' LlamaTokenizer and GemmaTokenizer follow add_bos_token and add_eos_token whatever tokenizer.json says.
  bool rules_over_template() const;
};

/// Of a checkpoint folder; all empty where the file is absent. InputError when it is malformed.
TokenizerConfig read_tokenizer_config(const fs::path& folder);

/// An added token's JSON object; `id` where the object does not carry it.
AddedToken read_added_token(const Json& object, std::optional<int32_t> id, const std::string& where);

}  // namespace hyplora

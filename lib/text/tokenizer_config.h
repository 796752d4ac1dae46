// The files beside a vocabulary: which tokens are BOS and EOS, whether encoding adds them, which tokens were added. As transformers
// reads them: tokenizer_config.json, special_tokens_map.json, added_tokens.json, and what they leave open from the default of the
// tokenizer's class and from the ids of config.json.
#pragma once

#include <functional>

#include "text/added_tokens.h"

namespace hyplora {

/// BOS or EOS as the files name it.
struct SpecialToken {
  std::string where;                    // file and key, for messages
  std::optional<std::string> text;      // as a file names it; empty: there is none
  std::optional<std::string> by_class;  // what the tokenizer's class takes where no file names one
  std::optional<int64_t> by_id;         // of config.json
};

struct TokenizerConfig {
  std::string file;
  std::string tokenizer_class;  // or what stands for config.json's model_type
  SpecialToken bos, eos;
  std::optional<bool> add_bos_token, add_eos_token, add_prefix_space;
  std::vector<AddedToken> added;           // added_tokens_decoder, else added_tokens.json
  std::vector<std::string> special_names;  // of every token that some key names as special

  /// transformers' LlamaTokenizer and GemmaTokenizer follow add_bos_token and add_eos_token whatever tokenizer.json says.
  bool rules_over_template() const;
};

/// Of a checkpoint folder; all empty where no file is there. InputError when one is malformed.
TokenizerConfig read_tokenizer_config(const fs::path& folder);

/// The id of BOS or EOS. `find` gives the id of a token's text; `builtin` is what the vocabulary itself calls so; `size` is one more
/// than the largest id. InputError: a file names a token that is not in `vocabulary`.
struct KnownTokens {
  std::function<std::optional<int64_t>(const std::string&)> find;
  int64_t size = 0;
  std::string vocabulary;
};
std::optional<int64_t> id_of(const SpecialToken& token, const KnownTokens& known,
                             std::optional<int64_t> builtin = std::nullopt);

/// An added token's JSON object; `id` where the object does not carry it.
AddedToken read_added_token(const Json& object, std::optional<int32_t> id, const std::string& where);

}  // namespace hyplora

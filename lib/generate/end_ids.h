// Where a completion ends: at any token that may end one.
#pragma once

#include "data/prompt.h"
#include "model/spec.h"

namespace hyplora {

/// The end ids of generation_config.json or config.json, the tokenizer's EOS, which training puts behind each row, and the token
/// at which the template's turn ends. `tokenizer` may be null.
std::vector<int64_t> end_ids(const ModelSpec& spec, const Tokenizer* tokenizer, const PromptTemplate& form);

}  // namespace hyplora

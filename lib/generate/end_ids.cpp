#include "generate/end_ids.h"

#include <algorithm>

namespace hyplora {
namespace {

/// The first token of the turn's end, where the template names it as a token; a chat template's are special ones.
std::optional<int64_t> turn_end_id(const Tokenizer& tokenizer, const PromptTemplate& form) {
  if (form.chat) return first_special(form.turn_end, tokenizer);
  for (const auto& token : form.tokens) {
    if (!form.turn_end.starts_with(token)) continue;
    const Ids ids = tokenizer.encode(token, false, {{0, 0}});
    if (ids.size() == 1) return ids.front();
  }
  return std::nullopt;
}

}  // namespace

std::vector<int64_t> end_ids(const ModelSpec& spec, const Tokenizer* tokenizer, const PromptTemplate& form) {
  std::vector<int64_t> ids = spec.eos;
  const auto add = [&](const std::optional<int64_t>& id) {
    if (id && *id < spec.vocab_size && std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  };
  if (tokenizer == nullptr) return ids;
  add(tokenizer->eos());
  add(turn_end_id(*tokenizer, form));
  return ids;
}

}  // namespace hyplora

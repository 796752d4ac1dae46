// Completing prompts. Rows are independent: a finished row leaves the batch and the next prompt enters, so that a batch is always
// full and no row is padded.
#pragma once

#include <functional>

#include "model/transformer.h"
#include "text/tokenizer.h"

namespace hyplora {

struct DecodeOptions {
  int64_t max_new_tokens = 256;
  int64_t batch_size = 8;
  std::vector<int64_t> stop_ids;  // a row ends with the first of these, which is kept
};

/// Called once a prompt, as each is done: its index and its new ids.
using OnCompletion = std::function<void(size_t prompt, const Ids& new_ids)>;

/// Greedy decoding with a KV cache; longest prompts first. InputError: an empty prompt, an id outside the vocabulary, or a prompt
/// that leaves no room in the model's context.
void decode_greedy(const Transformer& model, const std::vector<Ids>& prompts, const DecodeOptions& options, const OnCompletion& done);

}  // namespace hyplora

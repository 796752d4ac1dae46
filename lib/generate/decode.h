// Completing prompts: greedy, by sampling, or by beam search. Prompts are independent: a finished one leaves the batch and the
// next enters (continuous batching), so that a batch is always full and no row is padded.
//
// Beam search is Hugging Face's: log-softmax in fp32; of all continuations of all beams the best (1 + end ids, at least 2) x
// beams are looked at; one that ends counts as finished only among the first `beams` of them, with the score sum / new
// tokens^length_penalty; the best `beams` others go on. The keys and values of a prompt's beams form one tree in one cache:
// nothing is ever copied or reordered, each beam sees the slots of its own ancestors.
#pragma once

#include <functional>
#include <set>

#include "generate/decode_options.h"
#include "model/transformer.h"
#include "text/tokenizer.h"

namespace hyplora {

/// What a decoding is told besides its options.
struct DecodeControl {
  std::vector<int64_t> stop_ids;  // a completion ends with the first of these, which is kept
  std::set<size_t> skipped;       // prompts, by index, that are not completed
  /// Greedy and sampling: called after each new token with the prompt's index and what was made so far; true ends the
  /// completion.
  std::function<bool(size_t prompt, const Ids& made)> ends_here;
  /// Asked before each pass; true: decode returns, and prompts that are not done stay undone.
  std::function<bool()> interrupted;
  /// For each prompt the continuations that are scored instead of completing it; see alternatives.h. Null: none.
  const std::vector<std::vector<Ids>>* alternatives = nullptr;
};

struct Completion {
  Ids ids;
  double score = 0;  // beam search: what it was ranked by; alternatives: the sum of log-probabilities
};

/// Called once per prompt, as each is done: its index and its completions, best first (alternatives: in their order).
using OnCompletion = std::function<void(size_t prompt, const std::vector<Completion>& completions)>;

/// Longest prompts first. The result for a prompt does not depend on the others. InputError: an empty prompt, an id outside the
/// vocabulary, or a prompt that leaves no room in the model's context.
void decode(const Transformer& model, const std::vector<Ids>& prompts, const DecodeOptions& options,
            const DecodeControl& control, const OnCompletion& done);

}  // namespace hyplora

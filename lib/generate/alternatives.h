// Scoring given continuations of a prompt: log P(t_1 .. t_n | prompt) = sum over i of log softmax(logits after t_(i-1))[t_i].
// The continuations of a prompt form a tree of tokens, so that the prompt and what they share go through the model once.
#pragma once

#include "generate/search.h"

namespace hyplora {

/// Its result holds each of the alternatives, in their order, with its sum of log-probabilities (natural logarithm). None may
/// be empty.
std::unique_ptr<Search> make_alternatives(const std::vector<Ids>& alternatives);

}  // namespace hyplora

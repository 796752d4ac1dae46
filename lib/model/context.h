// What fits a model's context: max_position_embeddings, less the tokens that an adapter (prefix tuning) puts before each row.
#pragma once

#include <string>

#include "core/error.h"
#include "model/spec.h"

namespace hyplora {

class Context {
 public:
  explicit Context(const ModelSpec& spec, int64_t lead = 0) : positions_(spec.max_positions), lead_(lead) {}

  /// How many tokens of its own a row may have.
  int64_t tokens() const { return positions_ - lead_; }
  bool fits(int64_t tokens, int64_t more = 0) const { return tokens + more <= this->tokens(); }
  /// InputError where they do not fit: what has them, how many they are, what there is room for; `advice` ends the sentence.
  void require(const std::string& what, int64_t tokens, int64_t more = 0, const std::string& advice = "") const {
    if (fits(tokens, more)) return;
    throw InputError("{} has {} tokens, but the model's context is {} (max_position_embeddings{}){}.", what, tokens,
                     this->tokens(), lead_ > 0 ? fmt::format(" less {} virtual tokens", lead_) : "", advice);
  }

 private:
  int64_t positions_, lead_;
};

}  // namespace hyplora

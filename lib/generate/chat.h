// A chat: turns that are kept and stand before the next prompt, as the prompt template renders a conversation.
#pragma once

#include <functional>
#include <iosfwd>

#include "data/prompt.h"

namespace hyplora {

/// The model's own chat template where its folder has one; llama3 or qwen where the tokenizer has their tokens; else alpaca, on
/// which adapters are trained by default.
std::string chat_template_of(const Tokenizer& tokenizer);

class Chat {
 public:
  /// The prompts leave `room` tokens of the model's `context` free, but no more than half of it.
  Chat(PromptTemplate form, const Tokenizer& tokenizer, int64_t context, int64_t room);

  /// The ids of the whole conversation that ends with `said`; the oldest turns are forgotten where it would not fit.
  /// InputError when `said` alone does not.
  Ids prompt(const std::string& said);
  void add(const std::string& said, const std::string& answer) { turns_.push_back({said, "", answer}); }
  void reset() { turns_.clear(); }
  size_t turns() const { return turns_.size(); }

 private:
  PromptTemplate form_;
  const Tokenizer& tokenizer_;
  int64_t most_;  // tokens of a prompt
  std::vector<Turn> turns_;
};

/// Shows what comes and returns it.
using Answer = std::function<std::string(const Ids& prompt)>;

/// Each line of `in` is a turn, to the end of the input or "/exit"; "/reset" forgets the turns so far.
void hold_chat(Chat& chat, std::istream& in, std::ostream& out, const Answer& answer);

}  // namespace hyplora

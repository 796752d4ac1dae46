// The model's own chat template as a prompt template: a row is a conversation, rendered whole, and what carries loss are the turns
// of the assistant as they stand in that text.
//
// A template is a program, so that where turn i stands is found by asking it:
//
//     begins   behind the prompt of the messages before it, where the text goes on from that; else where its content begins
//     ends     behind the conversation up to it, where the text goes on from that; else behind its content and what closes it
//
// A mark in the content shows where that begins or ends. Blocks {% generation %}, where the template has them, say it themselves.
#pragma once

#include "data/rows.h"
#include "text/chat_template.h"

namespace hyplora {

/// A conversation as text, and the bytes of it that carry loss, in order.
struct TaughtText {
  std::string text;
  std::vector<TextRange> learnt;
};

class ChatForm {
 public:
  explicit ChatForm(ChatTemplate form);

  /// What the template makes of the conversation, ready for the assistant to answer. InputError; TemplateRefusal.
  std::string prompt(const Json& conversation) const;
  /// The conversation up to the assistant's last message. `loss`: a name of chat_losses(). The messages `without_loss`, in order,
  /// carry none. InputError: no message of the assistant, one whose place the template does not show; TemplateRefusal.
  TaughtText example(const Json& conversation, const std::string& loss, const std::vector<size_t>& without_loss = {}) const;
  /// What closes a turn of the assistant; empty where the template refuses to say.
  const std::string& turn_end() const { return turn_end_; }
  const ChatTemplate& form() const { return form_; }

 private:
  ChatTemplate form_;
  std::string turn_end_;
};

/// assistant (every turn of the assistant), last (its last one), all (the whole text).
std::vector<std::string> chat_losses();

/// A row as {"messages": [...]}: its conversation, else its instruction and input, a line apart, and its output.
Json conversation_of(const Row& row);
/// Without the assistant's last message and what follows it.
Json asked_in(const Json& conversation);
/// What a user says who gives an instruction and an input.
Json user_message(std::string_view instruction, std::string_view input);
Json assistant_message(std::string_view text);

}  // namespace hyplora

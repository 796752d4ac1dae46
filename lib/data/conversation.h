// Conversations of every published form, brought into one: the messages that chat templates take (transformers'
// apply_chat_template), roles system, user, assistant and tool. Accepted are OpenAI's `messages` (role, content, tool_calls,
// weight; developer, function and function_call as they were and are spelled), ShareGPT's `conversations` (from, value; human,
// gpt, function_call, observation), lists of messages as prompt and completion (trl), and `system` and `history` beside an
// instruction (LLaMA-Factory).
#pragma once

#include "data/row_source.h"
#include "data/rows.h"

namespace hyplora {

/// messages, or conversations, and tools beside them. InputError: a role that nobody knows, a content that is no text, nothing
/// that the assistant says and that is to be learnt.
void read_messages(const Source& from, Row& row);

/// The first mark: a prompt; the second: what is to be learnt. Each is a text or a list of messages; the prompt's messages carry
/// no loss.
void read_prompt_and_completion(const Source& from, Row& row);

/// Puts the system text and the earlier turns of an instruction row before it, where it has them.
void read_history(const Source& from, Row& row);

/// The conversation as objects of a data file have it: `messages`, with "weight": 0 where there is no loss, and `tools`.
Json conversation_object(const Row& row);

}  // namespace hyplora

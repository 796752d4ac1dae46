// Prompt templates: how a row's instruction and input become the text that the model continues with the output.
// "alpaca" is the template of Stanford Alpaca; "llama3", "qwen" and "gemma" are the texts of the HypLoRA release's training
// scripts, each word for word. Special tokens written in a template become their ids; text of the rows never does. "chat" is the
// model's own chat template (data/chat_form.h), whose whole text is tokenised as transformers' apply_chat_template does it.
#pragma once

#include <string>
#include <vector>

#include "core/fields.h"
#include "text/tokenizer.h"

namespace hyplora {

class ChatForm;

struct PromptTemplate {
  std::string name;
  // {instruction} and {input} stand for the row's fields; the output follows at once.
  std::string with_input, without_input;
  std::string after_output;         // closes the turn, before EOS
  bool strips = false;              // white space around the row's fields is dropped
  std::vector<std::string> tokens;  // that the tokenizer must know, or the model would learn their spelling
  std::string opening = "";         // how both forms begin, and what stands only once where turns follow each other
  std::string turn_end = "\n\n";    // between an output and the next turn
  std::shared_ptr<const ChatForm> chat = nullptr;  // what renders instead of the texts above; null: they do

  /// Nothing stands around the text.
  bool is_bare() const { return chat == nullptr && without_input == "{instruction}"; }
};

/// The name of the model's own chat template.
constexpr const char* chat_template_name = "chat";
/// The built-in names.
std::vector<std::string> prompt_template_names();
/// Of an option that names a template.
Rule prompt_template_rule();
/// SHA-256 of all that a template says.
std::string template_hash(const PromptTemplate& prompt);

/// A built-in template by name; or the chat template of the folder `model`, by the name "chat"; or one read from a JSON file with
/// "prompt_input" and "prompt_no_input" (the keys that alpaca-lora's template files use) and, where the turn is to be closed,
/// "after_output"; `template_json`'s other keys may stand there, too, or instead of all of them "chat_template" (its Jinja) with
/// "tokens_by_name" and
/// "day". InputError when it is neither.
PromptTemplate find_prompt_template(const std::string& name_or_file, const fs::path& model = {});
/// All that a template says, as such a file.
Json template_json(const PromptTemplate& prompt);

/// The day that a chat template is told, as "2026-11-28"; of another template, nothing. InputError with `where`: no day.
void set_day(PromptTemplate& prompt, const std::string& day, const std::string& where);
/// The day that its prompts show; empty where they show none.
std::string day_shown(const PromptTemplate& prompt);

/// InputError when the tokenizer lacks one of the template's tokens.
void require_template_tokens(const PromptTemplate& prompt, const Tokenizer& tokenizer);

/// The first special token that a template's text spells; nothing where there is none.
std::optional<int64_t> first_special(std::string_view text, const Tokenizer& tokenizer);

/// A text of which some ranges came from data.
struct PromptText {
  std::string text;
  std::vector<TextRange> data;
  bool rendered = false;  // by a chat template, which writes all special tokens itself: they are tokens wherever they stand

  void add(std::string_view fixed) { text += fixed; }
  void add_data(std::string_view from_row);
  /// All of `other` but its first `skipped` bytes, which are not data.
  void append(const PromptText& other, size_t skipped);
  /// Their ids, with nothing behind the text. Where both the template and the tokenizer put a BOS first, it is there once.
  Ids encode(const Tokenizer& tokenizer) const;
};

/// The prompt of one row; an empty input picks `without_input`.
PromptText render_prompt(const PromptTemplate& prompt, std::string_view instruction, std::string_view input);
/// The same with the output and what closes it.
PromptText render_example(const PromptTemplate& prompt, std::string_view instruction, std::string_view input,
                          std::string_view output);

/// A turn that is over: what was asked, and the output.
struct Turn {
  std::string instruction, input, output;
};
/// The prompt behind earlier turns, each of them rendered as a prompt, its output and `turn_end`. Worked examples and the
/// history of a chat are such turns.
PromptText render_conversation(const PromptTemplate& prompt, const std::vector<Turn>& turns, std::string_view instruction,
                               std::string_view input);
/// Of a chat template: a conversation that the assistant is to answer, with the turns behind its system message.
PromptText render_asked(const PromptTemplate& prompt, const std::vector<Turn>& turns, const Json& conversation);

}  // namespace hyplora

// A model's own chat templates and the names of its special tokens, as a checkpoint folder has them. As in transformers, files come
// first: chat_template.jinja (called "default") and additional_chat_templates/NAME.jinja; else "chat_template" of
// tokenizer_config.json, a text or a list of {"name", "template"}; else chat_template.json.
#pragma once

#include <map>
#include <optional>

#include "io/files.h"
#include "text/jinja.h"
#include "text/tokenizer.h"

namespace hyplora {

class ChatTemplate {
 public:
  /// `name`: which of several templates; without it the one called "tool_use" for conversations with tools, where there is one,
  /// else "default". InputError: there is none of that name, or it cannot be interpreted.
  explicit ChatTemplate(const fs::path& folder, const std::string& name = "");
  /// Of what to_json gave; `where` names the file.
  ChatTemplate(const Json& record, const std::string& where);

  /// {"chat_template": its Jinja by name, "tokens_by_name": {"bos_token": "<s>", ...}}: all that it says.
  Json to_json() const { return {{"chat_template", texts_}, {"tokens_by_name", special_tokens_}}; }
  /// The day that its strftime_now tells, as "2026-11-28"; unless it is set, today. InputError with `where`: no day.
  void set_day(const std::string& day, const std::string& where);
  /// That day, where a text of the template asks for it; else empty.
  std::string day_shown() const;

  /// What the template makes of {"messages": [...], "tools": [...], "add_generation_prompt": ..., and what else it asks for}; it
  /// sees the special tokens (bos_token, eos_token, ...) too. With which of its bytes {% generation %} blocks made: what an
  /// assistant says, for templates that mark it. InputError where there are no messages; TemplateRefusal.
  Rendering rendering(const Json& conversation) const;
  /// With or without the generation prompt, whatever the conversation says.
  Rendering rendering(const Json& conversation, bool add_generation_prompt) const;
  std::string render(const Json& conversation) const { return rendering(conversation).text; }

  /// Whether the template for conversations without tools marks what the assistant says.
  bool marks_generation() const { return template_.marks_generation(); }

 private:
  using Texts = std::map<std::string, std::string>;  // by name
  ChatTemplate(Texts texts, Json special_tokens, const std::string& place, const std::string& name);

  Texts texts_;
  Json special_tokens_;
  std::optional<std::time_t> now_;
  JinjaTemplate template_;
  std::optional<JinjaTemplate> for_tools_;
};

/// Ids of a text that a template made: special tokens are tokens wherever they stand, also where the vocabulary is sentencepiece's
/// own, and nothing is put around it.
inline Ids ids_of_rendered(std::string_view text, const Tokenizer& tokenizer) {
  return tokenizer.encode(text, false, {{0, 0}});
}

/// A day as set_day takes it, in local time.
std::string day_text(std::time_t now);
inline std::string today() { return day_text(std::time(nullptr)); }

/// Whether a folder has one.
bool has_chat_template(const fs::path& folder);

}  // namespace hyplora

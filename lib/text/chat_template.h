// A model's own chat template and the names of its special tokens, as a checkpoint folder has them: chat_template.jinja, else
// "chat_template" of tokenizer_config.json (a text, or a list of {"name", "template"} of which "default" is taken), else
// chat_template.json. The same order as in transformers.
#pragma once

#include "io/files.h"
#include "text/jinja.h"

namespace hyplora {

/// Its Jinja, and the place that errors name.
struct ChatTemplateSource {
  std::string text, place;
};

class ChatTemplate {
 public:
  /// InputError: there is none, or it cannot be interpreted.
  explicit ChatTemplate(const fs::path& folder);
  /// Of what to_json gave; `where` names the file.
  ChatTemplate(const Json& record, const std::string& where);

  /// {"chat_template": its source, "tokens_by_name": {"bos_token": "<s>", ...}}: all that it says.
  Json to_json() const;

  /// What the template makes of {"messages": [...], "add_generation_prompt": ..., and what else it asks for}. InputError where
  /// there are no messages; TemplateRefusal.
  std::string render(const Json& conversation) const;

 private:
  ChatTemplate(ChatTemplateSource source, Json special_tokens);

  Json special_tokens_;
  std::string source_;
  JinjaTemplate template_;
};

/// Whether a folder has one.
bool has_chat_template(const fs::path& folder);

}  // namespace hyplora

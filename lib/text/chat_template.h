// A model's own chat template and the names of its special tokens, as a checkpoint folder has them: chat_template.jinja, else
// "chat_template" of tokenizer_config.json (a text, or a list of {"name", "template"} of which "default" is taken), else
// chat_template.json. The same order as in transformers.
#pragma once

#include "io/files.h"
#include "text/jinja.h"

namespace hyplora {

class ChatTemplate {
 public:
  /// InputError: there is none, or it cannot be interpreted.
  explicit ChatTemplate(const fs::path& folder);

  /// What the template makes of {"messages": [...], "add_generation_prompt": ..., and what else it asks for}. InputError where
  /// there are no messages; TemplateRefusal.
  std::string render(const Json& conversation) const;

 private:
  Json special_tokens_;
  JinjaTemplate template_;
};

}  // namespace hyplora

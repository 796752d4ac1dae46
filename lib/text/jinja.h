// Chat templates: text that a model's makers wrote in Jinja, rendered with a conversation as transformers' apply_chat_template does
// it (Jinja2's immutable sandbox with trim_blocks, lstrip_blocks, loop controls, `generation` blocks, raise_exception,
// strftime_now, and its own tojson). What is not interpreted is refused by name and line, not guessed.
#pragma once

#include <ctime>
#include <memory>
#include <string>

#include "core/error.h"
#include "text/jinja_syntax.h"

namespace hyplora {

/// The template's own raise_exception.
class TemplateRefusal : public InputError {
 public:
  TemplateRefusal(const std::string& name, const std::string& text)
      : InputError("{}: refuses this conversation: {}", name, text), text_(text) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class JinjaTemplate {
 public:
  /// InputError with `name` and the line where the template is malformed, or uses what is not interpreted.
  JinjaTemplate(const std::string& source, std::string name);

  /// `variables` is an object; `now` is what strftime_now tells. TemplateRefusal; InputError where an expression fails, or after
  /// 10^7 steps, or for more than 64 MiB of text.
  std::string render(const Json& variables, std::time_t now) const;

 private:
  std::string name_;
  std::shared_ptr<const jinja::Node> root_;
};

}  // namespace hyplora

// Chat templates: text that a model's makers wrote in Jinja, rendered with a conversation as transformers' apply_chat_template does
// it (Jinja2 3.1's immutable sandbox with trim_blocks, lstrip_blocks, loop controls, `generation` blocks, raise_exception,
// strftime_now, and transformers' own tojson). Values follow Python's rules (jinja/value.h). What is not interpreted (include,
// import, extends, block, autoescape, the filters pprint, random, striptags, urlize, wordwrap and xmlattr, integers beyond 64
// bits) is refused by name and line, not guessed.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace hyplora {

namespace jinja {
struct Node;
}

/// The template's own raise_exception.
class TemplateRefusal : public InputError {
 public:
  TemplateRefusal(const std::string& name, const std::string& text)
      : InputError("{}: refuses this conversation: {}", name, text), text_(text) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// What a template made, and which bytes of it stood in {% generation %} blocks: [begin, end), in order. Of a block within a macro
/// or a captured block only the length is known; its begin is where the text ended then, as in transformers.
struct Rendering {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generated;
};

class JinjaTemplate {
 public:
  /// InputError with `name` and the line where the template is malformed, or uses what is not interpreted.
  JinjaTemplate(const std::string& source, std::string name);

  /// `variables` is an object; `now` is what strftime_now tells, in local time. TemplateRefusal; InputError with `name` and line
  /// where an expression fails; after 10^9 steps of work, where touching a byte is one (about two seconds); where values take
  /// more than 64 MiB besides the variables, or the text does; where macros or loops call themselves deeper than 100 levels.
  Rendering rendering(const Json& variables, std::time_t now) const;
  std::string render(const Json& variables, std::time_t now) const { return rendering(variables, now).text; }

  /// Whether it has a {% generation %} block.
  bool marks_generation() const { return marks_generation_; }

 private:
  std::string name_;
  std::shared_ptr<const jinja::Node> root_;
  bool marks_generation_ = false;
};

}  // namespace hyplora

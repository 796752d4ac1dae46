#include "text/chat_template.h"

#include "text/unicode.h"

namespace hyplora {
namespace {

Json object_in(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  Json read = read_json(file);
  if (!read.is_object()) throw InputError("{}: found {}, expected a JSON object.", file.string(), shown(read));
  return read;
}

/// A template in a JSON file: a text, or the one called "default" of several.
std::optional<std::string> template_in(const fs::path& file) {
  const Json value = object_in(file).value("chat_template", Json());
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("default") && value["default"].is_string())
    return value["default"].get<std::string>();
  if (value.is_array()) {
    for (const Json& one : value) {
      if (one.is_object() && one.value("name", Json()) == "default" && one.value("template", Json()).is_string())
        return one["template"].get<std::string>();
    }
  }
  throw InputError("{}: key \"chat_template\": found {}, expected a text, or a list with one whose name is \"default\".",
                   file.string(), shown(value));
}

JinjaTemplate template_of(const fs::path& folder) {
  const fs::path plain = folder / "chat_template.jinja";
  if (fs::exists(plain)) return JinjaTemplate(repaired_utf8(read_file(plain)), plain.string());
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    if (const auto text = template_in(folder / name)) return JinjaTemplate(*text, (folder / name).string() + ": chat_template");
  }
  throw InputError("{}: its tokenizer has no chat template (neither chat_template.jinja nor a key of tokenizer_config.json).",
                   folder.string());
}

/// bos_token and its like, by their texts.
Json special_tokens_of(const fs::path& folder) {
  Json tokens = Json::object();
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    const Json file = object_in(folder / name);
    for (const auto& [key, value] : file.items()) {
      const Json text = value.is_object() ? value.value("content", Json()) : value;
      if (key.ends_with("_token") && text.is_string()) tokens[key] = text;
    }
  }
  return tokens;
}

}  // namespace

ChatTemplate::ChatTemplate(const fs::path& folder)
    : special_tokens_(special_tokens_of(folder)), template_(template_of(folder)) {}

std::string ChatTemplate::render(const Json& conversation) const {
  if (!conversation.is_object() || !conversation.contains("messages") || !conversation["messages"].is_array())
    throw InputError("expected an object with \"messages\", a list; found {}.", shown(conversation));
  Json variables = special_tokens_;
  variables["add_generation_prompt"] = false;
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  variables.update(conversation);
  return template_.render(variables, std::time(nullptr));
}

}  // namespace hyplora

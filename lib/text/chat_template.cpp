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

using Found = ChatTemplateSource;

std::optional<Found> found_in(const fs::path& folder) {
  const fs::path plain = folder / "chat_template.jinja";
  if (fs::exists(plain)) return Found{repaired_utf8(read_file(plain)), plain.string()};
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    if (const auto text = template_in(folder / name)) return Found{*text, (folder / name).string() + ": chat_template"};
  }
  return std::nullopt;
}

std::string source_in(const Json& record, const std::string& where) {
  const Json source = record.value("chat_template", Json());
  if (!source.is_string()) throw InputError("{}: key \"chat_template\": found {}, expected a text.", where, shown(source));
  return source;
}

Found required_in(const fs::path& folder) {
  auto found = found_in(folder);
  if (!found) {
    throw InputError("{}: its tokenizer has no chat template (neither chat_template.jinja nor a key of tokenizer_config.json).",
                     folder.string());
  }
  return *std::move(found);
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

ChatTemplate::ChatTemplate(ChatTemplateSource source, Json special_tokens)
    : special_tokens_(std::move(special_tokens)),
      source_(std::move(source.text)),
      template_(source_, std::move(source.place)) {}

ChatTemplate::ChatTemplate(const fs::path& folder) : ChatTemplate(required_in(folder), special_tokens_of(folder)) {}

ChatTemplate::ChatTemplate(const Json& record, const std::string& where)
    : ChatTemplate({source_in(record, where), where + ": chat_template"}, record.value("tokens_by_name", Json::object())) {
  if (!special_tokens_.is_object())
    throw InputError("{}: key \"tokens_by_name\": found {}, expected an object.", where, shown(special_tokens_));
}

Json ChatTemplate::to_json() const { return {{"chat_template", source_}, {"tokens_by_name", special_tokens_}}; }

bool has_chat_template(const fs::path& folder) { return found_in(folder).has_value(); }

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

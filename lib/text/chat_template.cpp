#include "text/chat_template.h"

#include <algorithm>

#include "text/unicode.h"

namespace hyplora {
namespace {

Json object_in(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  Json read = read_json(file);
  if (!read.is_object()) throw InputError("{}: found {}, expected a JSON object.", file.string(), shown(read));
  return read;
}

/// Names with the texts of templates.
using Texts = std::map<std::string, std::string>;

/// Of a JSON file: a text is the template called "default".
Texts texts_of(const Json& object, const std::string& where) {
  const Json value = object.value("chat_template", Json());
  Texts texts;
  if (value.is_string()) texts["default"] = value.get<std::string>();
  if (value.is_object()) {
    for (const auto& [name, text] : value.items()) {
      if (text.is_string()) texts[name] = text.get<std::string>();
    }
  }
  if (value.is_array()) {
    for (const Json& one : value) {
      if (one.is_object() && one.value("name", Json()).is_string() && one.value("template", Json()).is_string())
        texts[one["name"].get<std::string>()] = one["template"].get<std::string>();
    }
  }
  if (texts.empty() && !value.is_null())
    throw InputError("{}: key \"chat_template\": found {}, expected a text, or a list of {{\"name\", \"template\"}}.", where,
                     shown(value));
  return texts;
}

Texts texts_in(const fs::path& file) { return texts_of(object_in(file), file.string()); }

/// None where there is no template.
Texts texts_of_folder(const fs::path& folder) {
  Texts texts;
  const fs::path plain = folder / "chat_template.jinja", more = folder / "additional_chat_templates";
  if (fs::exists(plain)) texts["default"] = repaired_utf8(read_file(plain));
  if (fs::is_directory(more)) {
    for (const auto& entry : fs::directory_iterator(more)) {
      if (entry.path().extension() == ".jinja") texts[entry.path().stem().string()] = repaired_utf8(read_file(entry.path()));
    }
  }
  if (texts.empty()) texts = texts_in(folder / "tokenizer_config.json");
  if (texts.empty()) texts = texts_in(folder / "chat_template.json");
  return texts;
}

JinjaTemplate template_named(const std::string& place, const Texts& texts, const std::string& name) {
  if (texts.empty())
    throw InputError("{}: its tokenizer has no chat template (neither chat_template.jinja nor a key of tokenizer_config.json).",
                     place);
  const auto found = texts.find(name);
  if (found != texts.end()) return JinjaTemplate(found->second, fmt::format("{}: chat_template \"{}\"", place, name));
  std::string names;
  for (const auto& [other, text] : texts) names += (names.empty() ? "\"" : ", \"") + other + "\"";
  throw InputError("{}: found no chat template called \"{}\", expected one of {}.", place, name, names);
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

ChatTemplate::ChatTemplate(const fs::path& folder, const std::string& name)
    : ChatTemplate(texts_of_folder(folder), special_tokens_of(folder), folder.string(), name) {}

ChatTemplate::ChatTemplate(const Json& record, const std::string& where)
    : ChatTemplate(texts_of(record, where), record.value("tokens_by_name", Json::object()), where, "") {
  if (!special_tokens_.is_object())
    throw InputError("{}: key \"tokens_by_name\": found {}, expected an object.", where, shown(special_tokens_));
}

ChatTemplate::ChatTemplate(Texts texts, Json special_tokens, const std::string& place, const std::string& name)
    : texts_(std::move(texts)),
      special_tokens_(std::move(special_tokens)),
      template_(template_named(place, texts_, name.empty() ? "default" : name)) {
  if (name.empty() && texts_.contains("tool_use")) for_tools_ = template_named(place, texts_, "tool_use");
}

void ChatTemplate::set_day(const std::string& day, const std::string& where) {
  std::tm parts{};
  const char* end = ::strptime(day.c_str(), "%Y-%m-%d", &parts);
  if (day.size() != 10 || end == nullptr || *end != '\0')
    throw InputError("{}: found \"{}\", expected a day as 2026-11-28.", where, day);
  parts.tm_hour = 12;  // whatever the time zone does at night
  parts.tm_isdst = -1;
  now_ = std::mktime(&parts);
}

std::string ChatTemplate::day_shown() const {
  const auto asks = [](const auto& named) { return named.second.find("strftime_now") != std::string::npos; };
  return std::any_of(texts_.begin(), texts_.end(), asks) ? day_text(now_.value_or(std::time(nullptr))) : "";
}

std::string day_text(std::time_t now) {
  std::tm parts{};
  ::localtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

bool has_chat_template(const fs::path& folder) { return !texts_of_folder(folder).empty(); }

Rendering ChatTemplate::rendering(const Json& conversation) const {
  if (!conversation.is_object() || !conversation.contains("messages") || !conversation["messages"].is_array())
    throw InputError("expected an object with \"messages\", a list; found {}.", shown(conversation));
  Json variables = special_tokens_;
  variables["add_generation_prompt"] = false;
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  variables.update(conversation);
  const JinjaTemplate& chosen = for_tools_ && !variables["tools"].is_null() ? *for_tools_ : template_;
  return chosen.rendering(variables, now_.value_or(std::time(nullptr)));
}

Rendering ChatTemplate::rendering(const Json& conversation, bool add_generation_prompt) const {
  Json changed = conversation;
  if (changed.is_object()) changed["add_generation_prompt"] = add_generation_prompt;
  return rendering(changed);
}

}  // namespace hyplora

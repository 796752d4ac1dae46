#include "data/message.h"

#include <algorithm>

#include "core/error.h"
#include "data/row_source.h"

namespace hyplora {
namespace {

/// ShareGPT's role of a turn in which the assistant calls a function, and OpenAI's older key of such a call.
constexpr const char* call_role = "function_call";

struct RoleName {
  const char *found, *role;
};
constexpr RoleName role_names[] = {
    {"system", "system"},       {"developer", "system"},       {"user", "user"},       {"human", "user"},
    {"assistant", "assistant"}, {"gpt", "assistant"},          {"model", "assistant"}, {"chatgpt", "assistant"},
    {"bard", "assistant"},      {"bing", "assistant"},         {"tool", "tool"},       {"function", "tool"},
    {"observation", "tool"},    {"function_response", "tool"}, {"ipython", "tool"},    {call_role, "assistant"},
};

std::string role_of(std::string found, const char* key, const std::string& where) {
  if (found.empty()) throw InputError("{}: key \"{}\" is empty, expected user, assistant or system.", where, key);
  std::string lower = found;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const auto* name =
      std::find_if(std::begin(role_names), std::end(role_names), [&](const auto& n) { return lower == n.found; });
  if (name != std::end(role_names)) return lower == call_role ? call_role : name->role;
  throw InputError("{}: key \"{}\": found {}, expected system, user, assistant or tool.", where, key, shown(found));
}

/// A string, or an array of parts, of which texts are joined.
std::string content_of(const Json& content, const char* key, const std::string& where) {
  if (content.is_string()) return content;
  if (!content.is_array()) throw InputError("{}: key \"{}\": found {}, expected a string.", where, key, content.type_name());
  std::string text;
  for (const Json& part : content) {
    if (part.is_string()) {
      text += part.get_ref<const std::string&>();
    } else if (part.is_object() && part.value("text", Json()).is_string()) {
      text += part["text"].get_ref<const std::string&>();
    } else {
      const Json kind = part.is_object() ? part.value("type", Json()) : Json();
      throw InputError("{}: key \"{}\": found a part that is no text{}; only text can be trained on.", where, key,
                       kind.is_string() ? " (" + shown(kind) + ")" : "");
    }
  }
  return text;
}

/// {"name", "arguments"}, or a list of them, as tool_calls.
Json calls_of(const Json& found, const char* key, const std::string& where) {
  const Json value = unpacked(found);
  Json calls = Json::array();
  for (const Json& call : value.is_array() ? value : Json::array({value})) {
    if (!call.is_object() || !call.value("name", Json()).is_string()) {
      throw InputError("{}: key \"{}\": expected a call as JSON with \"name\" and \"arguments\".", where, key);
    }
    calls.push_back({{"type", "function"}, {"function", call}});
  }
  return calls;
}

bool carries_loss(const Json& found, const std::string& where) {
  if (!found.contains("weight") || found["weight"].is_null()) return true;
  if (found["weight"] != 0 && found["weight"] != 1) {
    throw InputError("{}: key \"weight\": found {}, expected 0 or 1.", where, shown(found["weight"]));
  }
  return found["weight"] == 1;
}

}  // namespace

Message read_message(const Json& found, const std::string& where) {
  if (!found.is_object()) throw InputError("{}: found {}, expected an object.", where, found.type_name());
  const std::vector<const char*> marks;
  const Source from{found, where, "role and content, or from and value", marks};
  const char* role_key = found.contains("from") && !found.contains("role") ? "from" : "role";
  const char* content_key = found.contains("value") && !found.contains("content") ? "value" : "content";
  const std::string role = role_of(from.text(role_key), role_key, where);
  const Json content = found.value(content_key, Json());
  const bool calls = from.has("tool_calls") || from.has(call_role);
  Message message{{{"role", role}}, carries_loss(found, where)};
  if (role == call_role) {
    message.json = {{"role", "assistant"}, {"content", ""}, {"tool_calls", calls_of(content, content_key, where)}};
    return message;
  }
  // A message that calls tools need not say anything.
  message.json["content"] = content.is_null() && calls ? Json() : Json(content_of(content, content_key, where));
  auto& made = message.json.get_ref<Json::object_t&>();  // its own insertion would compare with all keys there are
  for (const auto& [key, value] : found.items()) {
    if (key == role_key || key == content_key || key == "weight" || value.is_null()) continue;
    if (key != call_role) {
      made.emplace_back(key, value);
    } else if (!from.has("tool_calls")) {
      made.emplace_back("tool_calls", calls_of(value, call_role, where));
    }
  }
  return message;
}

}  // namespace hyplora

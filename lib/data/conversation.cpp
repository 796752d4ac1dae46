#include "data/conversation.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "data/message.h"

namespace hyplora {
namespace {

/// A list of functions (OpenAI's older key) as tools.
Json tools_of(const Source& from) {
  for (const char* key : {"tools", "functions"}) {
    if (!from.has(key)) continue;
    const Json found = unpacked(from.object[key]);
    if (!found.is_array()) throw InputError("{}: key \"{}\": expected an array.", from.where, key);
    Json tools = Json::array();
    for (const Json& tool : found) {
      if (!tool.is_object()) {
        throw InputError("{}: key \"{}\": found {} in it, expected objects.", from.where, key, tool.type_name());
      }
      tools.push_back(tool.contains("function") ? tool : Json{{"type", "function"}, {"function", tool}});
    }
    if (!tools.empty()) return tools;
  }
  return nullptr;
}

void add_messages(const Source& from, const char* key, bool carries_loss, Row& row) {
  Json& messages = row.conversation["messages"];
  size_t number = 0;
  for (const Json& found : from.array(key)) {
    const std::string where = fmt::format("{}: message {}", from.where, ++number);
    Message message = read_message(found, where);
    if (!message.carries_loss || (!carries_loss && message.is_from("assistant"))) row.without_loss.push_back(messages.size());
    messages.push_back(std::move(message.json));
  }
}

void add_message(const char* role, const std::string& content, Row& row) {
  row.conversation["messages"].push_back({{"role", role}, {"content", content}});
}

bool is_from(const Json& message, const char* role) { return message["role"] == role; }

/// What a message says; calls of tools as the JSON that they are.
std::string said(const Json& message) {
  std::string text = message.value("content", Json()).is_string() ? message["content"].get<std::string>() : "";
  if (message.contains("tool_calls")) text += (text.empty() ? "" : "\n") + json_text(message["tool_calls"]);
  return text;
}

/// The place of the last message that is to be learnt.
size_t learnt_message(const Source& from, const Row& row) {
  const Json& messages = row.conversation["messages"];
  bool any = false;
  for (size_t i = messages.size(); i-- > 0;) {
    if (!is_from(messages[i], "assistant")) continue;
    any = true;
    if (!std::binary_search(row.without_loss.begin(), row.without_loss.end(), i)) return i;
  }
  if (any) throw InputError("{}: every message of the assistant has weight 0, so that nothing is left to learn.", from.where);
  throw InputError("{}: key \"{}\": found no message of role \"assistant\" to learn.", from.where, from.marks.back());
}

/// Instruction and output: the last message that is to be learnt is the output, what follows it is left out. Before it, system
/// messages stand as they are; one message of the user is the instruction, several are rendered as "User: ...",
/// "Assistant: ...", a blank line between them.
void fold(const Source& from, Row& row) {
  const Json& messages = row.conversation["messages"];
  const size_t last = learnt_message(from, row);
  const auto speaks = [](const Json& message) { return !is_from(message, "system"); };
  const auto end = messages.begin() + static_cast<std::ptrdiff_t>(last);
  const auto speakers = std::count_if(messages.begin(), end, speaks);
  if (speakers == 0) {
    throw InputError("{}: key \"{}\": found nothing before the assistant's message.", from.where, from.marks.front());
  }
  row.turns = static_cast<size_t>(std::count_if(messages.begin(), messages.end(), speaks));
  row.instruction.clear();
  for (auto message = messages.begin(); message != end; ++message) {
    row.instruction += row.instruction.empty() ? "" : "\n\n";
    if (speaks(*message) && speakers > 1) {
      const std::string& role = (*message)["role"].get_ref<const std::string&>();
      row.instruction += static_cast<char>(std::toupper(static_cast<unsigned char>(role[0])));
      row.instruction += role.substr(1) + ": ";
    }
    row.instruction += said(*message);
  }
  row.output = said(messages[last]);
}

void start(Row& row) { row.conversation = {{"messages", Json::array()}}; }

void finish(const Source& from, Row& row) {
  Json tools = tools_of(from);
  if (!tools.is_null()) row.conversation["tools"] = std::move(tools);
  fold(from, row);
}

}  // namespace

void read_messages(const Source& from, Row& row) {
  start(row);
  if (from.has("system")) add_message("system", from.text("system"), row);
  add_messages(from, from.marks.front(), true, row);
  finish(from, row);
}

void read_prompt_and_completion(const Source& from, Row& row) {
  const char *prompt = from.marks.front(), *completion = from.marks.back();
  if (from.object.value("label", Json()) == false) {
    throw InputError("{}: key \"label\" is false: a completion to be avoided, which training on outputs cannot use.",
                     from.where);
  }
  const auto is_list = [&](const char* key) { return from.is_there(key) && from.object[key].is_array(); };
  if (from.is_there("answer") && from.object["answer"].is_primitive()) row.answer = from.answer();
  if (!is_list(prompt) && !is_list(completion) && !from.has("system") && !from.has("history")) {
    row.instruction = from.text(prompt);
    row.output = from.learnt(completion);
    return;
  }
  if (!is_list(prompt)) {
    row.instruction = from.text(prompt);
    row.output = is_list(completion) ? "" : from.learnt(completion);
    if (!is_list(completion)) return read_history(from, row);
  }
  start(row);
  if (from.has("system")) add_message("system", from.text("system"), row);
  is_list(prompt) ? add_messages(from, prompt, false, row) : add_message("user", row.instruction, row);
  is_list(completion) ? add_messages(from, completion, true, row) : add_message("assistant", from.learnt(completion), row);
  finish(from, row);
}

void read_history(const Source& from, Row& row) {
  const Json history = from.has("history") ? unpacked(from.object["history"]) : Json::array();
  if (!history.is_array()) throw InputError("{}: key \"history\": expected an array of pairs of texts.", from.where);
  if (history.empty() && !from.has("system")) return;
  start(row);
  if (from.has("system")) add_message("system", from.text("system"), row);
  size_t number = 0;
  for (const Json& turn : history) {
    ++number;
    if (!turn.is_array() || turn.size() != 2 || !turn[0].is_string() || !turn[1].is_string()) {
      throw InputError("{}: key \"history\": turn {}: expected a pair of texts, the user's and the assistant's.", from.where,
                       number);
    }
    add_message("user", turn[0], row);
    add_message("assistant", turn[1], row);
  }
  const std::string asked = row.instruction, text = asked + (asked.empty() || row.input.empty() ? "" : "\n") + row.input;
  add_message("user", asked, row);
  add_message("assistant", row.output, row);
  finish(from, row);  // the input stays apart in what is folded, and has no place of its own among messages
  Json& messages = row.conversation["messages"];
  messages[messages.size() - 2]["content"] = text;
}

Json conversation_object(const Row& row) {
  Json object = row.conversation;
  for (const size_t i : row.without_loss) object["messages"][i]["weight"] = 0;
  return object;
}

}  // namespace hyplora

#include "data/chat_form.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr const char* from_assistant = "assistant";

bool is_answer(const Json& message) { return message.is_object() && message.value("role", Json()) == from_assistant; }

/// The number of messages up to the assistant's last one; 0 where it says nothing.
size_t up_to_last_answer(const Json& conversation) {
  if (!conversation.contains("messages")) return 0;
  const Json& messages = conversation["messages"];
  size_t count = messages.size();
  while (count > 0 && !is_answer(messages[count - 1])) --count;
  return count;
}

/// Its first messages only.
Json cut(const Json& conversation, size_t count) {
  Json part = conversation;
  Json& messages = part["messages"];
  messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(count), messages.end());
  return part;
}

size_t common_start(std::string_view a, std::string_view b) {
  const auto [end, unused] =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return static_cast<size_t>(end - a.begin());
}

/// A character that stands for nothing and is not in the text.
std::string mark_outside(const std::string& text) {
  for (char last = '\x80';; ++last) {  // U+E000 to U+E03F
    std::string mark = {'\xEE', '\x80', last};
    if (last == '\xBF' || text.find(mark) == std::string::npos) return mark;
  }
}

/// One conversation, of whose parts the template is asked.
class Asked {
 public:
  Asked(const ChatTemplate& form, Json conversation)
      : form_(form),
        conversation_(std::move(conversation)),
        whole_(form.rendering(conversation_)),
        text_(whole_.text),
        mark_(mark_outside(json_text(conversation_) + text_)) {}

  const std::string& text() const { return text_; }
  TextRange turn(size_t i) const {
    if (says_itself()) return marked(i);
    const auto begin = beginning(i), end = ending(i);
    if (!begin || !end || *begin > *end) {
      throw InputError(
          "message {}: the chat template does not show where it stands (it renders it in another way where others "
          "follow).",
          i + 1);
    }
    return {*begin, *end};
  }

  /// The text behind the last message's content, where that shows.
  std::optional<std::string> closing(size_t count) const {
    const auto marked = rendered(with_mark(cut(conversation_, count), count - 1, true), false);
    const size_t place = marked ? marked->rfind(mark_) : std::string::npos;
    if (place == std::string::npos) return std::nullopt;
    return marked->substr(place + mark_.size());
  }

 private:
  size_t answers_before(size_t end) const {
    const Json& messages = conversation_["messages"];
    return static_cast<size_t>(std::count_if(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(end), is_answer));
  }
  /// Whether there is one block {% generation %} for each answer.
  bool says_itself() const { return whole_.generated.size() == answers_before(conversation_["messages"].size()); }
  TextRange marked(size_t i) const {
    const auto& [begin, end] = whole_.generated[answers_before(i)];
    return {begin, end};
  }

  std::optional<std::string> rendered(Json conversation, bool asks) const {
    conversation["add_generation_prompt"] = asks;
    try {
      return form_.render(conversation);
    } catch (const InputError&) {  // as a part it is no conversation
      return std::nullopt;
    }
  }

  /// With the mark before or behind the content of message i; unchanged where that is no text.
  Json with_mark(Json conversation, size_t i, bool behind) const {
    Json& message = conversation["messages"][i];
    if (!message.contains("content") || !message["content"].is_string()) return conversation;
    const std::string content = message["content"];
    message["content"] = behind ? content + mark_ : mark_ + content;
    return conversation;
  }

  std::optional<size_t> beginning(size_t i) const {
    const auto prompt = rendered(cut(conversation_, i), true);
    if (prompt && text_.starts_with(*prompt)) return prompt->size();
    const auto marked = rendered(with_mark(conversation_, i, false), false);
    const size_t place = marked ? marked->find(mark_) : std::string::npos;
    if (place == std::string::npos || common_start(*marked, text_) < place) return std::nullopt;
    return place;
  }

  std::optional<size_t> ending(size_t i) const {
    const auto up_to_it = rendered(cut(conversation_, i + 1), false);
    if (up_to_it && text_.starts_with(*up_to_it)) return up_to_it->size();
    const auto marked = rendered(with_mark(conversation_, i, true), false);
    const size_t place = marked ? marked->rfind(mark_) : std::string::npos;
    if (place == std::string::npos || !text_.ends_with(marked->substr(place + mark_.size()))) return std::nullopt;
    const size_t content_end = text_.size() - (marked->size() - place - mark_.size());
    return content_end + common_start(closing(i + 1).value_or(""), std::string_view(text_).substr(content_end));
  }

  const ChatTemplate& form_;
  Json conversation_;
  Rendering whole_;
  const std::string& text_;
  std::string mark_;
};

std::string turn_end_of(const ChatTemplate& form) {
  try {
    const Asked probe(form, {{"messages", {user_message("a", ""), assistant_message("b")}}});
    return probe.closing(2).value_or("");
  } catch (const InputError&) {
    return "";
  }
}

}  // namespace

ChatForm::ChatForm(ChatTemplate form) : form_(std::move(form)), turn_end_(turn_end_of(form_)) {}

std::string ChatForm::prompt(const Json& conversation) const {
  Json asking = conversation;
  asking["add_generation_prompt"] = true;
  return form_.render(asking);
}

TaughtText ChatForm::example(const Json& conversation, const std::string& loss, const std::vector<size_t>& without_loss) const {
  const size_t count = up_to_last_answer(conversation);
  if (count == 0) throw InputError("found no message of role \"{}\" to learn.", from_assistant);
  Json whole = cut(conversation, count);
  whole["add_generation_prompt"] = false;
  const Asked asked(form_, whole);
  TaughtText taught{asked.text(), {}};
  if (loss == "all") {
    taught.learnt.push_back({0, taught.text.size()});
    return taught;
  }
  std::vector<size_t> learnt;
  for (size_t i = 0; i < count; ++i) {
    if (!is_answer(whole["messages"][i]) || std::binary_search(without_loss.begin(), without_loss.end(), i)) continue;
    learnt.push_back(i);
  }
  if (loss == "last" && !learnt.empty()) learnt = {learnt.back()};
  for (const size_t i : learnt) taught.learnt.push_back(asked.turn(i));
  return taught;
}

std::vector<std::string> chat_losses() { return {"assistant", "last", "all"}; }

Json user_message(std::string_view instruction, std::string_view input) {
  const char* between = instruction.empty() || input.empty() ? "" : "\n";
  return {{"role", "user"}, {"content", fmt::format("{}{}{}", instruction, between, input)}};
}

Json assistant_message(std::string_view text) { return {{"role", from_assistant}, {"content", text}}; }

Json conversation_of(const Row& row) {
  if (!row.conversation.is_null()) return row.conversation;
  return {{"messages", {user_message(row.instruction, row.input), assistant_message(row.output)}}};
}

Json asked_in(const Json& conversation) {
  const size_t count = up_to_last_answer(conversation);
  return count == 0 ? conversation : cut(conversation, count - 1);
}

}  // namespace hyplora

#include "generate/chat.h"

#include <algorithm>
#include <istream>
#include <ostream>

#include "core/error.h"
#include "text/chat_template.h"

namespace hyplora {

std::string chat_template_of(const Tokenizer& tokenizer) {
  if (has_chat_template(tokenizer.file().parent_path())) return chat_template_name;
  for (const auto& name : prompt_template_names()) {
    if (name == chat_template_name) continue;
    const PromptTemplate form = find_prompt_template(name);
    const auto known = [&](const std::string& token) { return tokenizer.encode(token, false, {{0, 0}}).size() == 1; };
    if (!form.tokens.empty() && std::all_of(form.tokens.begin(), form.tokens.end(), known)) return name;
  }
  return "alpaca";
}

Chat::Chat(PromptTemplate form, const Tokenizer& tokenizer, int64_t context, int64_t room)
    : form_(std::move(form)), tokenizer_(tokenizer), most_(context - std::min(room, context / 2)) {
  require_template_tokens(form_, tokenizer);
}

Ids Chat::prompt(const std::string& said) {
  while (true) {
    Ids ids = render_conversation(form_, turns_, said, "").encode(tokenizer_);
    if (static_cast<int64_t>(ids.size()) <= most_) return ids;
    if (turns_.empty()) throw InputError("this has {} tokens, but {} fit.", ids.size(), most_);
    turns_.erase(turns_.begin());
  }
}

void hold_chat(Chat& chat, std::istream& in, std::ostream& out, const Answer& answer) {
  out << "/reset forgets what was said, Ctrl-C ends an answer, /exit (or Ctrl-D) the chat.\n";
  for (std::string said; out << "> " << std::flush, std::getline(in, said);) {
    if (said == "/exit") return;
    if (said == "/reset") {
      chat.reset();
      continue;
    }
    if (said.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      chat.add(said, answer(chat.prompt(said)));
    } catch (const InputError& error) {
      out << error.what();
    }
    out << std::endl;
  }
  out << std::endl;
}

}  // namespace hyplora

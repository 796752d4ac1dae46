#include "data/prompt.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "data/chat_form.h"
#include "io/hash.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

const PromptTemplate templates[] = {
    {"alpaca",
     "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that "
     "appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
     "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
     "### Instruction:\n{instruction}\n\n### Response:\n",
     "",
     false,
     {}},
    {"llama3",
     "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nBelow is an instruction that describes a task. Write a "
     "response that "
     "appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
     "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
     "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nBelow is an instruction that describes a task. Write a "
     "response that "
     "appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"
     "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
     "<|eot_id|><|end_of_text|>",
     false,
     {"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>"},
     "<|begin_of_text|>",
     "<|eot_id|>"},
    {"qwen",
     "<|im_start|>system\nYou are a helpful "
     "assistant.<|im_end|>\n<|im_start|>user\n{instruction}\n\nInput:\n{input}<|im_end|>\n"
     "<|im_start|>assistant\n",
     "<|im_start|>system\nYou are a helpful "
     "assistant.<|im_end|>\n<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
     "<|im_end|>\n",
     true,
     {"<|im_start|>", "<|im_end|>"},
     "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n",
     "<|im_end|>\n"},
    {"gemma",
     "<|system|>\nYou are a helpful assistant.\n<|end_of_turn|>\n<|user|>\n{instruction}\n\nInput:\n{input}\n<|end_of_turn|>\n"
     "<|assistant|>\n",
     "<|system|>\nYou are a helpful assistant.\n<|end_of_turn|>\n<|user|>\n{instruction}\n<|end_of_turn|>\n<|assistant|>\n",
     "\n<|end_of_turn|>\n",
     true,
     {},
     "<|system|>\nYou are a helpful assistant.\n<|end_of_turn|>\n",
     "\n<|end_of_turn|>\n"},
    {"none", "{instruction}{input}", "{instruction}", "", false, {}},
};

/// Without the white space at both ends.
std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_white_space(character_at(text, 0).code)) text.remove_prefix(character_at(text, 0).bytes);
  while (!text.empty() && is_white_space(character_before(text, text.size()).code)) {
    text.remove_suffix(character_before(text, text.size()).bytes);
  }
  return text;
}

std::string text_at(const Json& file, const char* key, const std::string& path) {
  if (!file.is_object() || !file.contains(key) || !file[key].is_string()) {
    throw InputError("{}: key \"{}\" is missing or not a string; a prompt template file has prompt_input and prompt_no_input.",
                     path, key);
  }
  return file[key];
}

/// The names in braces, as Python's format reads them; doubled braces are text.
std::vector<std::string> placeholders(const std::string& text) {
  std::vector<std::string> names;
  for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    if (text.compare(open, 2, "{{") == 0) {
      ++open;
      continue;
    }
    const size_t close = text.find_first_of("{}", open + 1);
    if (close == text.npos || text[close] == '{') continue;
    const std::string name = text.substr(open + 1, close - open - 1);
    const auto in_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    if (!name.empty() && std::all_of(name.begin(), name.end(), in_name)) names.push_back(name);
  }
  return names;
}

/// A form that every row would come out of as the same text, or with a name in it that stands for nothing, is a mistake.
void check_form(const std::string& form, const char* key, const std::string& path) {
  const auto names = placeholders(form);
  for (const auto& name : names) {
    if (name == "instruction" || name == "input") continue;
    throw InputError("{}: key \"{}\": found the placeholder {{{}}}, expected {{instruction}} or {{input}}.", path, key, name);
  }
  if (std::find(names.begin(), names.end(), "instruction") == names.end())
    throw InputError("{}: key \"{}\": the placeholder {{instruction}} is missing.", path, key);
}

PromptTemplate chat_prompt(const std::string& name, ChatTemplate form) {
  PromptTemplate made;
  made.name = name;
  made.chat = std::make_shared<const ChatForm>(std::move(form));
  made.turn_end = made.chat->turn_end();
  return made;
}

/// The turns as messages before those of a conversation, behind its system message.
Json with_turns(const std::vector<Turn>& turns, Json conversation) {
  Json messages = Json::array();
  Json& own = conversation["messages"];
  const bool has_system = !own.empty() && own[0].is_object() && own[0].value("role", Json()) == "system";
  if (has_system) messages.push_back(own[0]);
  for (const Turn& turn : turns) {
    messages.push_back(user_message(turn.instruction, turn.input));
    messages.push_back(assistant_message(turn.output));
  }
  messages.insert(messages.end(), own.begin() + has_system, own.end());
  own = std::move(messages);
  return conversation;
}

}  // namespace

std::vector<std::string> prompt_template_names() {
  std::vector<std::string> names;
  for (const auto& row : templates) names.push_back(row.name);
  names.emplace_back(chat_template_name);
  return names;
}

Rule prompt_template_rule() { return one_of_or_file(prompt_template_names()); }

std::string template_hash(const PromptTemplate& prompt) {
  Hash hash;
  const auto add = [&](const std::string& text) { hash.add(fmt::format("{}\n{}", text.size(), text)); };
  for (const auto* text : {&prompt.with_input, &prompt.without_input, &prompt.after_output, &prompt.opening, &prompt.turn_end})
    add(*text);
  for (const auto& token : prompt.tokens) add(token);
  add(prompt.strips ? "strips" : "");
  if (prompt.chat) add(json_text(prompt.chat->form().to_json()));
  return hash.text();
}

PromptTemplate find_prompt_template(const std::string& name_or_file, const fs::path& model) {
  for (const auto& row : templates) {
    if (row.name == name_or_file) return row;
  }
  if (name_or_file == chat_template_name) return chat_prompt(name_or_file, ChatTemplate(model));
  if (!fs::is_regular_file(name_or_file)) {
    throw InputError("prompt template: found \"{}\", expected {} or a JSON file.", name_or_file,
                     fmt::join(prompt_template_names(), ", "));
  }
  const auto file = read_json(name_or_file);
  if (file.is_object() && file.contains("chat_template")) {
    PromptTemplate recorded = chat_prompt(name_or_file, ChatTemplate(file, name_or_file));
    if (file.value("day", Json()).is_string()) set_day(recorded, file["day"], name_or_file + ": key \"day\"");
    return recorded;
  }
  PromptTemplate made;
  made.name = name_or_file;
  made.with_input = text_at(file, "prompt_input", name_or_file);
  made.without_input = text_at(file, "prompt_no_input", name_or_file);
  check_form(made.with_input, "prompt_input", name_or_file);
  check_form(made.without_input, "prompt_no_input", name_or_file);
  if (file.contains("after_output")) made.after_output = text_at(file, "after_output", name_or_file);
  if (!made.after_output.empty()) made.turn_end = made.after_output;
  Fields more;
  more.add("opening", made.opening, "").add("turn_end", made.turn_end, "").add("strips", made.strips, "");
  more.add("tokens", made.tokens, "");
  for (const auto& field : more.all()) {
    if (file.contains(field.name)) more.read_object({{field.name, file[field.name]}}, name_or_file);
  }
  for (const std::string* form : {&made.with_input, &made.without_input}) {
    if (!form->starts_with(made.opening))
      throw InputError("{}: key \"opening\": expected what both prompt_input and prompt_no_input begin with.", name_or_file);
  }
  return made;
}

Json template_json(const PromptTemplate& prompt) {
  if (prompt.chat) return prompt.chat->form().to_json();
  return {{"prompt_input", prompt.with_input},
          {"prompt_no_input", prompt.without_input},
          {"after_output", prompt.after_output},
          {"opening", prompt.opening},
          {"turn_end", prompt.turn_end},
          {"strips", prompt.strips},
          {"tokens", prompt.tokens}};
}

void set_day(PromptTemplate& prompt, const std::string& day, const std::string& where) {
  if (!prompt.chat) return;
  ChatTemplate form = prompt.chat->form();
  form.set_day(day, where);
  prompt.chat = std::make_shared<const ChatForm>(std::move(form));
}

std::string day_shown(const PromptTemplate& prompt) { return prompt.chat ? prompt.chat->form().day_shown() : ""; }

void require_template_tokens(const PromptTemplate& prompt, const Tokenizer& tokenizer) {
  for (const auto& token : prompt.tokens) {
    if (tokenizer.encode(token, false, {{0, 0}}).size() == 1) continue;
    throw InputError("prompt template \"{}\": its token {} is not a token of {}; pick the template of this model.", prompt.name,
                     token, tokenizer.file().string());
  }
}

std::optional<int64_t> first_special(std::string_view text, const Tokenizer& tokenizer) {
  for (const int64_t id : ids_of_rendered(text, tokenizer)) {
    if (tokenizer.decode({id}).empty() && !tokenizer.decode({id}, true).empty()) return id;
  }
  return std::nullopt;
}

void PromptText::add_data(std::string_view from_row) {
  if (!from_row.empty()) data.push_back({text.size(), text.size() + from_row.size()});
  text += from_row;
}

void PromptText::append(const PromptText& other, size_t skipped) {
  for (const auto& range : other.data) data.push_back({text.size() + range.begin - skipped, text.size() + range.end - skipped});
  text += std::string_view(other.text).substr(skipped);
}

Ids PromptText::encode(const Tokenizer& tokenizer) const {
  if (rendered) return ids_of_rendered(text, tokenizer);
  // Without data an empty range still says that this is a template's text.
  Ids ids = tokenizer.encode_prompt(text, data.empty() ? std::vector<TextRange>{{0, 0}} : data);
  const auto bos = tokenizer.bos();
  if (bos && ids.size() > 1 && ids[0] == *bos && ids[1] == *bos) ids.erase(ids.begin());
  return ids;
}

PromptText render_asked(const PromptTemplate& prompt, const std::vector<Turn>& turns, const Json& conversation) {
  return {prompt.chat->prompt(with_turns(turns, conversation)), {}, true};
}

PromptText render_prompt(const PromptTemplate& prompt, std::string_view instruction, std::string_view input) {
  if (prompt.chat) return render_conversation(prompt, {}, instruction, input);
  const std::string_view form = input.empty() ? prompt.without_input : prompt.with_input;
  const auto field = [&](std::string_view value) { return prompt.strips ? stripped(value) : value; };
  PromptText made;
  for (size_t place = 0; place < form.size();) {  // one pass, so that braces in a row's own text stay text
    if (form.substr(place).starts_with("{instruction}")) {
      made.add_data(field(instruction));
      place += 13;
    } else if (form.substr(place).starts_with("{input}")) {
      made.add_data(field(input));
      place += 7;
    } else {
      made.add(form.substr(place++, 1));
    }
  }
  return made;
}

PromptText render_example(const PromptTemplate& prompt, std::string_view instruction, std::string_view input,
                          std::string_view output) {
  PromptText made = render_prompt(prompt, instruction, input);
  made.add_data(prompt.strips ? stripped(output) : output);
  made.add(prompt.after_output);
  return made;
}

PromptText render_conversation(const PromptTemplate& prompt, const std::vector<Turn>& turns, std::string_view instruction,
                               std::string_view input) {
  if (prompt.chat) return render_asked(prompt, turns, {{"messages", Json::array({user_message(instruction, input)})}});
  PromptText made;
  const auto skipped = [&] { return made.text.empty() ? 0 : prompt.opening.size(); };
  for (const Turn& turn : turns) {
    made.append(render_prompt(prompt, turn.instruction, turn.input), skipped());
    made.add_data(prompt.strips ? stripped(turn.output) : turn.output);
    made.add(prompt.turn_end);
  }
  made.append(render_prompt(prompt, instruction, input), skipped());
  return made;
}

}  // namespace hyplora

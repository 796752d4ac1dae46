#include "text/prompt.h"

#include "core/error.h"
#include "io/files.h"

namespace hyplora {
namespace {

const PromptTemplate templates[] = {
    {"alpaca",
     "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that "
     "appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
     "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
     "### Instruction:\n{instruction}\n\n### Response:\n"},
    {"none", "{instruction}{input}", "{instruction}"},
};

std::string text_at(const nlohmann::ordered_json& file, const char* key, const std::string& path) {
  if (!file.is_object() || !file.contains(key) || !file[key].is_string()) {
    throw InputError("{}: key \"{}\" is missing or not a string; a prompt template file has prompt_input and prompt_no_input.", path, key);
  }
  return file[key];
}

}  // namespace

std::vector<std::string> prompt_template_names() {
  std::vector<std::string> names;
  for (const auto& row : templates) names.push_back(row.name);
  return names;
}

PromptTemplate find_prompt_template(const std::string& name_or_file) {
  for (const auto& row : templates) {
    if (row.name == name_or_file) return row;
  }
  if (!fs::is_regular_file(name_or_file)) {
    throw InputError("prompt template: found \"{}\", expected {} or a JSON file.", name_or_file,
                     fmt::join(prompt_template_names(), ", "));
  }
  const auto file = read_json(name_or_file);
  return {name_or_file, text_at(file, "prompt_input", name_or_file), text_at(file, "prompt_no_input", name_or_file)};
}

std::string render_prompt(const PromptTemplate& prompt, const std::string& instruction, const std::string& input) {
  const std::string& form = input.empty() ? prompt.without_input : prompt.with_input;
  std::string text;
  for (size_t at = 0; at < form.size();) {  // one pass, so that braces in a row's own text stay text
    if (form.compare(at, 13, "{instruction}") == 0) {
      text += instruction;
      at += 13;
    } else if (form.compare(at, 7, "{input}") == 0) {
      text += input;
      at += 7;
    } else {
      text += form[at++];
    }
  }
  return text;
}

}  // namespace hyplora

// Prompt templates: how a row's instruction and input become the text that the model continues with the output.
// "alpaca" is the template of Stanford Alpaca as the paper's scripts build it, word for word.
#pragma once

#include <string>
#include <vector>

namespace hyplora {

struct PromptTemplate {
  std::string name;
  // {instruction} and {input} stand for the row's fields; the output follows at once.
  std::string with_input, without_input;
};

/// The built-in names, for messages and help.
std::vector<std::string> prompt_template_names();

/// A built-in template by name, or one read from a JSON file with "prompt_input" and "prompt_no_input" (the keys that
/// alpaca-lora's template files use). InputError when it is neither.
PromptTemplate find_prompt_template(const std::string& name_or_file);

/// The prompt of one row; an empty input picks `without_input`.
std::string render_prompt(const PromptTemplate& prompt, const std::string& instruction, const std::string& input);

}  // namespace hyplora

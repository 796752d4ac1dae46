// hyplora-tokenize: ids of texts, one JSON array per line; with --decode the other way round; with --chat of conversations in the
// model's own chat template.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "core/error.h"
#include "program.h"
#include "standard_streams.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

using namespace hyplora;

namespace {

struct Arguments {
  std::string model, file, chat;
  bool no_special = false, decode = false, keep_special = false, render = false;
};

/// The inputs: the elements of a JSON array in a file, or stdin's lines; ids are JSON there, texts are not.
std::vector<Json> read_inputs(const Arguments& arguments) {
  std::vector<Json> inputs;
  if (!arguments.file.empty()) {
    const Json array = read_json(arguments.file);
    if (!array.is_array()) throw InputError("{}: found {}, expected a JSON array.", arguments.file, array.type_name());
    inputs.assign(array.begin(), array.end());
    return inputs;
  }
  for (std::string line; std::getline(std::cin, line);) {
    inputs.push_back(arguments.decode ? parse_json(line, fmt::format("stdin line {}", inputs.size() + 1)) : Json(line));
  }
  return inputs;
}

void encode(const Tokenizer& tokenizer, const Json& input, size_t number, bool special) {
  if (!input.is_string()) throw InputError("text {}: found {}, expected a string.", number, input.type_name());
  std::puts(json_text(Json(tokenizer.encode(input.get<std::string>(), special))).c_str());
}

void decode(const Tokenizer& tokenizer, const Json& input, size_t number, bool keep_special) {
  const auto is_id = [](const Json& v) { return v.is_number_integer(); };
  if (!input.is_array() || !std::all_of(input.begin(), input.end(), is_id)) {
    throw InputError("ids {}: found {}, expected an array of integers.", number, input.type_name());
  }
  std::puts(apps::for_output(json_text(Json(tokenizer.decode(input.get<Ids>(), keep_special)))).c_str());
}

/// The ids of one conversation, or the text that the template makes of it; what a template itself refuses is no error here.
Json chat_line(const ChatTemplate& form, const Tokenizer* tokenizer, const Json& conversation) {
  try {
    const std::string text = form.render(conversation);
    return tokenizer == nullptr ? Json(text) : Json(ids_of_rendered(text, *tokenizer));
  } catch (const TemplateRefusal& refusal) {
    return {{"refused", refusal.text()}};
  }
}

int chat(const Arguments& arguments) {
  const ChatTemplate form(arguments.model);
  const auto tokenizer = arguments.render ? nullptr : load_tokenizer(arguments.model);
  const std::string text = read_file(arguments.chat);
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin), where = fmt::format("{}: line {}", arguments.chat, number);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json conversation = parse_json(line, where);
    try {
      std::puts(apps::for_output(json_text(chat_line(form, tokenizer.get(), conversation))).c_str());
    } catch (const InputError& error) {
      throw InputError("{}: {}", where, error.what());
    }
  }
  return 0;
}

void check(const Arguments& a) {
  if (a.chat.empty() && a.render) throw InputError("--render: give the conversations with --chat.");
  if (!a.chat.empty() && (!a.file.empty() || a.decode)) throw InputError("give --chat without --file and --decode.");
}

int run(const apps::Program& program, const Arguments& arguments) {
  program.device();
  if (!arguments.chat.empty()) return chat(arguments);
  const auto tokenizer = load_tokenizer(arguments.model);
  size_t number = 0;
  for (const auto& input : read_inputs(arguments)) {
    ++number;
    if (arguments.decode) {
      decode(*tokenizer, input, number, arguments.keep_special);
    } else {
      encode(*tokenizer, input, number, !arguments.no_special);
    }
  }
  return 0;
}

Fields fields_of(Arguments& a) {
  Fields fields;
  fields.require("model", a.model, "checkpoint folder")
      .names_files()
      .add("file", a.file, "JSON array of strings (with --decode: of arrays of ids); else the lines of stdin")
      .names_files()
      .add("no_special", a.no_special, "without BOS and EOS")
      .add("decode", a.decode, "ids to texts: one JSON string per line")
      .add("keep_special", a.keep_special, "with --decode: special tokens are printed too")
      .add("chat", a.chat,
           "JSONL file: one conversation per line, {\"messages\": [...], \"add_generation_prompt\": true}, to be rendered by "
           "the model's chat template")
      .names_files()
      .add("render", a.render, "with --chat: the text instead of its ids, one JSON string per line")
      .require_that([&a] { check(a); });
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  apps::Program program("Prints the token ids of texts: one JSON array per line.");
  program.options({fields_of(arguments)});
  return program.run(argc, argv, [&] { return run(program, arguments); });
}

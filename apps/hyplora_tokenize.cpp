// hyplora-tokenize: ids of texts, one JSON array a line; with --decode the other way round.
#include <cstdio>
#include <iostream>

#include "core/error.h"
#include "program.h"
#include "standard_streams.h"
#include "text/tokenizer.h"

using namespace hyplora;

namespace {

struct Arguments {
  std::string model, file;
  bool no_special = false, decode = false, keep_special = false;
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

int run(const apps::Program& program, const Arguments& arguments) {
  program.device();
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
      .add("decode", a.decode, "ids to texts: one JSON string a line")
      .add("keep_special", a.keep_special, "with --decode: special tokens are printed too");
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  apps::Program program("Prints the token ids of texts: one JSON array a line.");
  program.options({fields_of(arguments)});
  return program.run(argc, argv, [&] { return run(program, arguments); });
}

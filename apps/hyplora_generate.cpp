// hyplora-generate: completes a prompt with a checkpoint, with or without an adapter.
#include <cstdio>
#include <iostream>
#include <iterator>

#include "adapter/adapter.h"
#include "common.h"
#include "core/error.h"
#include "eval/decode.h"
#include "model/load.h"
#include "text/prompt.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  std::string model, adapter, prompt, prompt_template = "none", ids, dtype = "auto";
  DecodeOptions decode;
  bool has_prompt = false, output_ids = false, ignore_eos = false;
};

std::vector<Ids> read_id_lines(const std::string& file) {
  std::vector<Ids> prompts;
  const std::string text = read_file(file);
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json ids = Json::parse(line, nullptr, false);
    const auto is_id = [](const Json& v) { return v.is_number_integer(); };
    if (!ids.is_array() || ids.empty() || !std::all_of(ids.begin(), ids.end(), is_id)) {
      throw InputError("{}: line {}: expected an array of token ids.", file, number);
    }
    prompts.push_back(ids.get<Ids>());
  }
  if (prompts.empty()) throw InputError("{}: the file is empty, expected one array of token ids a line.", file);
  return prompts;
}

/// Without a template the text is the whole prompt, special tokens included; inside a template it is data.
Ids prompt_ids(const Arguments& arguments, const Tokenizer& tokenizer) {
  const std::string text = arguments.prompt != "-"
                               ? arguments.prompt
                               : std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  if (arguments.prompt_template == "none") return tokenizer.encode(text);
  const PromptTemplate form = find_prompt_template(arguments.prompt_template);
  require_template_tokens(form, tokenizer);
  return render_prompt(form, text, "").encode(tokenizer);
}

/// The text that the new ids add: pieces may carry a space that decoding drops at the start of a text.
std::string completion_text(const Tokenizer& tokenizer, const Ids& prompt, const Ids& made) {
  Ids all = prompt;
  all.insert(all.end(), made.begin(), made.end());
  const std::string before = tokenizer.decode(prompt), whole = tokenizer.decode(all);
  return whole.starts_with(before) ? whole.substr(before.size()) : tokenizer.decode(made);
}

int run(Arguments& arguments) {
  const at::Device device = apps::apply_common_options(arguments.common);
  if (arguments.has_prompt == !arguments.ids.empty()) throw InputError("give either --prompt TEXT or --ids FILE.");
  const ModelSpec spec = read_model_spec(arguments.model);
  const bool needs_text = arguments.has_prompt || !arguments.output_ids;
  const auto tokenizer = needs_text ? load_tokenizer(arguments.model) : nullptr;
  const std::vector<Ids> prompts =
      arguments.has_prompt ? std::vector<Ids>{prompt_ids(arguments, *tokenizer)} : read_id_lines(arguments.ids);
  Transformer model = load_model(arguments.model, spec, {dtype_named(arguments.dtype, device), device, false});
  if (!arguments.adapter.empty()) Adapters::load(model, arguments.adapter);
  if (!arguments.ignore_eos) arguments.decode.stop_ids = spec.eos;
  std::vector<Ids> made(prompts.size());
  decode(model, prompts, arguments.decode, [&](size_t i, const std::vector<Completion>& best) { made[i] = best.front().ids; });
  for (size_t i = 0; i < prompts.size(); ++i) {
    std::puts(arguments.output_ids ? Json(made[i]).dump().c_str() : completion_text(*tokenizer, prompts[i], made[i]).c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Completes prompts; prints only the completion.");
  Arguments arguments;
  app.add_option("--model", arguments.model, "checkpoint folder")->required();
  app.add_option("--adapter", arguments.adapter, "adapter folder");
  CLI::Option* prompt = app.add_option("--prompt", arguments.prompt, "text to complete, - for stdin");
  app.add_option("--template", arguments.prompt_template,
                 "prompt template around it: none, alpaca, llama3, qwen, gemma or a JSON file")
      ->capture_default_str();
  app.add_option("--ids", arguments.ids, "JSONL file: one array of token ids a line, instead of --prompt");
  app.add_flag("--output-ids", arguments.output_ids, "print the new ids, one array a line");
  apps::add_decode_options(app, arguments.decode);
  app.add_option("--dtype", arguments.dtype, "auto, float32, bfloat16 or float16")->capture_default_str();
  app.add_flag("--ignore-eos", arguments.ignore_eos, "go on to --max-new-tokens");
  apps::add_common_options(app, arguments.common);
  return apps::run_program(app, argc, argv, [&] {
    arguments.has_prompt = prompt->count() > 0;
    return run(arguments);
  });
}

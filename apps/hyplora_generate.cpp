// hyplora-generate: completes prompts with a checkpoint, with or without an adapter; on a terminal without a prompt, a chat.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "adapter/adapter.h"
#include "common.h"
#include "core/error.h"
#include "core/log.h"
#include "generate/chat.h"
#include "generate/stop_strings.h"
#include "model/load.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  std::string model, adapter, prompt, prompt_template = "none", ids, dtype = "auto";
  DecodeOptions decode;
  std::vector<std::string> stops;
  bool has_prompt = false, has_template = false, output_ids = false, ignore_eos = false, scores = false;

  bool chats() const { return !has_prompt && ids.empty(); }
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

/// One prompt; each piece of text is printed as soon as it is certain.
std::string stream_completion(const Transformer& model, const Tokenizer& tokenizer, const Arguments& arguments,
                              const Ids& prompt) {
  StoppedText text(tokenizer, arguments.stops);
  text.follow(prompt);
  std::string all;
  const auto show = [&](const std::string& fresh) {
    std::fputs(fresh.c_str(), stdout);
    std::fflush(stdout);
    all += fresh;
  };
  DecodeOptions decoding = arguments.decode;
  decoding.ends_here = [&](size_t, const Ids& made) {
    show(text.next(made.back()));
    return text.stopped();
  };
  decode(model, {prompt}, decoding, [](size_t, const std::vector<Completion>&) {});
  show(text.rest());
  return all;
}

/// The whole text at once, as beams need it.
std::string whole_completion(const Transformer& model, const Tokenizer& tokenizer, const Arguments& arguments,
                             const Ids& prompt) {
  std::string text;
  decode(model, {prompt}, arguments.decode, [&](size_t, const std::vector<Completion>& best) {
    text = before_stop(completion_text(tokenizer, prompt, best.front().ids), arguments.stops);
  });
  std::fputs(text.c_str(), stdout);
  return text;
}

/// Ctrl-C ends an answer, and at the prompt the program.
int chat(const Transformer& model, const Tokenizer& tokenizer, Arguments arguments) {
  arguments.decode.interrupted = apps::stop_requested;
  const std::string form = arguments.has_template ? arguments.prompt_template : chat_template_of(tokenizer);
  Chat talk(find_prompt_template(form), tokenizer, model.context(), arguments.decode.max_new_tokens);
  const auto answer = arguments.decode.beams > 1 ? whole_completion : stream_completion;
  hold_chat(talk, std::cin, std::cout, [&](const Ids& prompt) {
    const apps::InterruptHeard heard;
    return answer(model, tokenizer, arguments, prompt);
  });
  return 0;
}

void print(const Arguments& arguments, const Tokenizer* tokenizer, const Ids& prompt, const Completion& completion) {
  if (arguments.scores) std::printf("%.6f\t", completion.score);
  std::puts(arguments.output_ids ? Json(completion.ids).dump().c_str()
                                 : before_stop(completion_text(*tokenizer, prompt, completion.ids), arguments.stops).c_str());
}

int complete(const Transformer& model, const Tokenizer* tokenizer, const Arguments& arguments,
             const std::vector<Ids>& prompts) {
  if (prompts.size() == 1 && arguments.decode.beams == 1 && !arguments.output_ids && ::isatty(STDOUT_FILENO) == 1) {
    stream_completion(model, *tokenizer, arguments, prompts[0]);
    std::puts("");
    return 0;
  }
  DecodeOptions decoding = arguments.decode;
  std::optional<StopWatch> watch;
  if (!arguments.stops.empty()) {
    watch.emplace(*tokenizer, arguments.stops);
    decoding.ends_here = [&](size_t prompt, const Ids& made) { return watch->sees(prompt, made); };
  }
  std::vector<std::vector<Completion>> made(prompts.size());
  size_t tokens = 0;
  const auto start = std::chrono::steady_clock::now();
  decode(model, prompts, decoding, [&](size_t i, const std::vector<Completion>& best) {
    made[i] = best;
    tokens += best.front().ids.size();
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!arguments.ids.empty())
    log::info("{} new tokens in {:.3f} s, {:.1f} tokens/s", tokens, seconds, static_cast<double>(tokens) / seconds);
  for (size_t i = 0; i < prompts.size(); ++i) {
    for (const Completion& completion : made[i]) print(arguments, tokenizer, prompts[i], completion);
  }
  return 0;
}

void check(const Arguments& arguments) {
  if (arguments.has_prompt && !arguments.ids.empty()) throw InputError("give either --prompt TEXT or --ids FILE, not both.");
  if (arguments.chats() && ::isatty(STDIN_FILENO) != 1) {
    throw InputError("give either --prompt TEXT or --ids FILE; without them a chat begins, which needs a terminal.");
  }
  if (arguments.scores && arguments.decode.beams < 2)
    throw InputError("--scores: only beams have scores; give --beams above 1.");
  check_decode_options(arguments.decode);
  check_stops(arguments.stops);
}

int run(Arguments& arguments) {
  const at::Device device = apps::apply_common_options(arguments.common);
  check(arguments);
  const ModelSpec spec = read_model_spec(arguments.model);
  const bool needs_text = arguments.ids.empty() || !arguments.output_ids || !arguments.stops.empty();
  const auto tokenizer = needs_text ? load_tokenizer(arguments.model) : nullptr;
  std::vector<Ids> prompts;
  if (arguments.has_prompt) prompts = {prompt_ids(arguments, *tokenizer)};
  if (!arguments.ids.empty()) prompts = read_id_lines(arguments.ids);
  Transformer model = load_model(arguments.model, spec, {dtype_named(arguments.dtype, device), device, false});
  if (!arguments.adapter.empty()) Adapters::load(model, arguments.adapter);
  if (!arguments.ignore_eos) arguments.decode.stop_ids = spec.eos;
  return arguments.chats() ? chat(model, *tokenizer, arguments) : complete(model, tokenizer.get(), arguments, prompts);
}

void add_output_options(CLI::App& app, Arguments& arguments) {
  app.add_flag("--output-ids", arguments.output_ids, "print the new ids, one array a line");
  app.add_option("--best", arguments.decode.best, "beams: print the N best completions, best first")
      ->check(apps::at_least(1))
      ->capture_default_str();
  app.add_flag("--scores", arguments.scores, "beams: each completion's score and a tab before it");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Completes prompts; prints only the completion. Without --prompt and --ids on a terminal: a chat.");
  Arguments arguments;
  app.add_option("--model", arguments.model, "checkpoint folder")->required();
  app.add_option("--adapter", arguments.adapter, "adapter folder");
  CLI::Option* prompt = app.add_option("--prompt", arguments.prompt, "text to complete, - for stdin");
  CLI::Option* form = app.add_option("--template", arguments.prompt_template,
                                     "prompt template around it: none, alpaca, llama3, qwen, gemma or a JSON file (a chat "
                                     "without it: llama3 or qwen where the tokenizer has its tokens, else alpaca)")
                          ->capture_default_str();
  app.add_option("--ids", arguments.ids, "JSONL file: one array of token ids a line, instead of --prompt");
  add_output_options(app, arguments);
  apps::add_decode_options(app, arguments.decode);
  apps::add_stop_option(app, arguments.stops);
  app.add_option("--dtype", arguments.dtype, "auto, float32, bfloat16 or float16")->capture_default_str();
  app.add_flag("--ignore-eos", arguments.ignore_eos, "go on to --max-new-tokens");
  apps::add_common_options(app, arguments.common);
  return apps::run_program(app, argc, argv, [&] {
    arguments.has_prompt = prompt->count() > 0;
    arguments.has_template = form->count() > 0;
    return run(arguments);
  });
}

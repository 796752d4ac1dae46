// hyplora-generate: completes prompts with a checkpoint, with or without an adapter; on a terminal without a prompt, a chat.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "adapter/adapter.h"
#include "core/error.h"
#include "core/log.h"
#include "data/prompt_record.h"
#include "generate/chat.h"
#include "generate/decode.h"
#include "generate/end_ids.h"
#include "generate/stop_strings.h"
#include "model/dtype_advice.h"
#include "model/load.h"
#include "program.h"
#include "signals.h"
#include "standard_streams.h"

using namespace hyplora;

namespace {

struct Arguments {
  std::string model, adapter, ids, dtype = "auto";
  std::optional<std::string> prompt, prompt_template;
  DecodeOptions decode;
  std::vector<std::string> stops;
  bool output_ids = false, ignore_eos = false, scores = false;

  bool chats() const { return !prompt && ids.empty(); }
};

/// What decoding needs: the options' values, and what the model and the terminal add.
struct Scene {
  const Transformer& model;
  const Tokenizer* tokenizer;  // null where only ids go in and out
  const Arguments& arguments;
  const PromptTemplate& form;
  DecodeControl control;
};

std::vector<Ids> read_id_lines(const std::string& file) {
  std::vector<Ids> prompts;
  const std::string text = read_file(file);
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json ids = try_json(line).value_or(Json());
    const auto is_id = [](const Json& v) { return v.is_number_integer(); };
    if (!ids.is_array() || ids.empty() || !std::all_of(ids.begin(), ids.end(), is_id)) {
      throw InputError("{}: line {}: expected an array of token ids.", file, number);
    }
    prompts.push_back(ids.get<Ids>());
  }
  if (prompts.empty()) throw InputError("{}: the file is empty, expected one array of token ids per line.", file);
  return prompts;
}

/// The template that is told, or learnt; else for a chat the model's, else none.
PromptTemplate form_of(const Arguments& a, const Tokenizer* tokenizer) {
  const std::string otherwise = a.chats() ? chat_template_of(*tokenizer) : "none";
  return find_prompt_template(choose_template(a.prompt_template, {a.adapter}, a.model, otherwise), a.model);
}

/// Without a template the text is the whole prompt, special tokens included; inside a template it is data.
Ids prompt_ids(const Arguments& arguments, const PromptTemplate& form, const Tokenizer& tokenizer) {
  const std::string text = arguments.prompt != "-"
                               ? *arguments.prompt
                               : std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  if (form.is_bare()) return tokenizer.encode_prompt(text);
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
std::string stream_completion(const Scene& scene, const Ids& prompt) {
  StoppedText text(*scene.tokenizer, scene.arguments.stops);
  text.follow(prompt);
  std::string all;
  const auto show = [&](const std::string& fresh) {
    std::fputs(apps::for_output(fresh).c_str(), stdout);
    std::fflush(stdout);
    all += fresh;
  };
  DecodeControl control = scene.control;
  control.ends_here = [&](size_t, const Ids& made) {
    show(text.next(made.back()));
    return text.stopped();
  };
  decode(scene.model, {prompt}, scene.arguments.decode, control, [](size_t, const std::vector<Completion>&) {});
  show(text.rest());
  return all;
}

/// The whole text at once, as beams need it.
std::string whole_completion(const Scene& scene, const Ids& prompt) {
  std::string text;
  decode(scene.model, {prompt}, scene.arguments.decode, scene.control, [&](size_t, const std::vector<Completion>& best) {
    text = before_stop(completion_text(*scene.tokenizer, prompt, best.front().ids), scene.arguments.stops);
  });
  std::fputs(apps::for_output(text).c_str(), stdout);
  return text;
}

/// Ctrl-C ends an answer, and at the prompt the program.
int chat(Scene scene) {
  scene.control.interrupted = apps::stop_requested;
  const DecodeOptions& options = scene.arguments.decode;
  Chat talk(scene.form, *scene.tokenizer, scene.model.context().tokens(), options.max_new_tokens);
  const auto answer = options.beams > 1 ? whole_completion : stream_completion;
  hold_chat(talk, std::cin, std::cout, [&](const Ids& prompt) {
    const apps::InterruptHeard heard;
    return answer(scene, prompt);
  });
  return 0;
}

void print(const Scene& scene, const Ids& prompt, const Completion& completion) {
  const Arguments& arguments = scene.arguments;
  if (arguments.scores) std::printf("%.6f\t", completion.score);
  const auto text = [&] { return before_stop(completion_text(*scene.tokenizer, prompt, completion.ids), arguments.stops); };
  std::puts((arguments.output_ids ? json_text(Json(completion.ids)) : apps::for_output(text())).c_str());
}

int complete(const Scene& scene, const std::vector<Ids>& prompts) {
  const Arguments& arguments = scene.arguments;
  if (prompts.size() == 1 && arguments.decode.beams == 1 && !arguments.output_ids && ::isatty(STDOUT_FILENO) == 1) {
    stream_completion(scene, prompts[0]);
    std::puts("");
    return 0;
  }
  DecodeControl control = scene.control;
  std::optional<StopWatch> watch;
  if (!arguments.stops.empty()) {
    watch.emplace(*scene.tokenizer, arguments.stops);
    control.ends_here = [&](size_t prompt, const Ids& made) { return watch->sees(prompt, made); };
  }
  std::vector<std::vector<Completion>> made(prompts.size());
  size_t tokens = 0;
  const auto start = std::chrono::steady_clock::now();
  decode(scene.model, prompts, arguments.decode, control, [&](size_t i, const std::vector<Completion>& best) {
    made[i] = best;
    tokens += best.front().ids.size();
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!arguments.ids.empty())
    log::info("{} new tokens in {:.3f} s, {:.1f} tokens/s", tokens, seconds, static_cast<double>(tokens) / seconds);
  for (size_t i = 0; i < prompts.size(); ++i) {
    for (const Completion& completion : made[i]) print(scene, prompts[i], completion);
  }
  return 0;
}

void check_input(const Arguments& arguments) {
  if (arguments.prompt && !arguments.ids.empty()) throw InputError("give either --prompt TEXT or --ids FILE, not both.");
  if (arguments.scores && arguments.decode.beams < 2)
    throw InputError("--scores: only beams have scores; give --beams above 1.");
}

int run(const apps::Program& program, const Arguments& arguments) {
  const at::Device device = program.device();
  if (arguments.chats() && ::isatty(STDIN_FILENO) != 1) {
    throw InputError("give either --prompt TEXT or --ids FILE; without them a chat begins, which needs a terminal.");
  }
  const ModelSpec spec = read_model_spec(arguments.model);
  const bool needs_text = arguments.ids.empty() || !arguments.output_ids || !arguments.stops.empty();
  const auto tokenizer = needs_text ? load_tokenizer(arguments.model) : nullptr;
  std::vector<Ids> prompts;
  const PromptTemplate form = form_of(arguments, tokenizer.get());
  if (arguments.prompt) prompts = {prompt_ids(arguments, form, *tokenizer)};
  if (!arguments.ids.empty()) prompts = read_id_lines(arguments.ids);
  Transformer model = load_model(arguments.model, spec, {dtype_named(arguments.dtype, device), device, false});
  if (!arguments.adapter.empty()) Adapters::load(model, arguments.adapter);
  Scene scene{model, tokenizer.get(), arguments, form, {}};
  if (!arguments.ignore_eos) scene.control.stop_ids = end_ids(spec, tokenizer.get(), form);
  if (arguments.chats()) {
    log_dtype_advice(arguments.dtype, device);
    return chat(std::move(scene));
  }
  const int code = complete(scene, prompts);
  log_dtype_advice(arguments.dtype, device);  // now that nothing was refused
  return code;
}

Fields fields_of(Arguments& a) {
  Fields fields;
  fields.require("model", a.model, "checkpoint folder")
      .names_files()
      .add("adapter", a.adapter, "adapter folder")
      .names_files()
      .add("prompt", a.prompt, "text to complete, - for stdin")
      .add(
          "template", a.prompt_template,
          "prompt template around it, a built-in one, chat (the model's own) or a JSON file (without it what the adapter learnt, else the text "
          "alone; a chat: else the model's own, llama3 or qwen where the tokenizer has its tokens, else alpaca)",
          prompt_template_rule())
      .names_files()
      .add("ids", a.ids, "JSONL file: one array of token ids per line, instead of --prompt")
      .names_files()
      .add("output_ids", a.output_ids, "print the new ids, one array per line")
      .add("best", a.decode.best, "beams: print the N best completions, best first", between(1, 1024))
      .add("scores", a.scores, "beams: each completion's score and a tab before it")
      .append(decode_fields(a.decode))
      .append(stop_fields(a.stops))
      .add("dtype", a.dtype, "type to compute in (auto: bfloat16 on CUDA, float32 on the CPU)", one_of(dtype_choices()))
      .add("ignore_eos", a.ignore_eos, "go on to --max-new-tokens")
      .require_that([&a] { check_input(a); });
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  apps::Program program("Completes prompts; prints only the completion. Without --prompt and --ids on a terminal: a chat.");
  program.options({fields_of(arguments)});
  return program.run(argc, argv, [&] { return run(program, arguments); });
}

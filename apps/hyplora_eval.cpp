// hyplora-eval: scores a checkpoint, with or without adapters, on the rows of benchmark files, or measures its loss on them.
#include "common.h"
#include "core/error.h"
#include "core/log.h"
#include "eval_output.h"
#include "json_config.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  EvalOptions options;
  std::vector<std::string> compared;
  bool disagreements = false;
};

int run(Arguments arguments) {
  EvalOptions& options = arguments.options;
  const LaunchInfo launch = launch_info();
  if (launch.rank > 0) arguments.common.quiet = true;  // one of them tells
  const at::Device device = apps::apply_common_options(arguments.common, launch.local_rank);
  if (!arguments.compared.empty()) {
    if (launch.rank > 0) return 0;
    apps::print_comparisons(arguments.compared.at(0), arguments.compared.at(1), options.evaluate.decode.seed);
    return 0;
  }
  options.evaluate.group = join_group(launch);  // nothing is lost if a signal ends the waiting for the others
  apps::catch_stop_signals();
  apps::EvalProgress progress(arguments.common.quiet, options.evaluate.decode.batch_size);
  const EvalOutcome outcome = run_evaluation(options, device, progress, apps::stop_requested);
  if (outcome.interrupted && options.output.empty()) throw RunError("stopped by a signal; without --output nothing was kept.");
  if (outcome.interrupted) {
    log::warn("stopped; the same command with --resume goes on where it was");
    return 75;
  }
  if (launch.rank > 0) return 0;
  apps::print_table(outcome.results);
  if (arguments.disagreements) apps::print_disagreements(outcome);
  return 0;
}

void add_what_is_scored(CLI::App& app, EvalOptions& o) {
  app.add_option("--model", o.model, "checkpoint folder");
  app.add_option("--adapter", o.adapters, "adapter folder; may be given several times, \"none\" is the base alone")
      ->expected(1)
      ->take_all();
  app.add_option("--data", o.data, "file of rows with instruction, input, output, answer; or a folder of such files");
  app.add_option("--benchmark", o.benchmark, "how rows are judged (default: by the file's name)");
  app.add_option("--limit", o.limit, "only the first N rows of a file (0: all)")
      ->check(apps::at_least(0))
      ->capture_default_str();
  app.add_option("--dtype", o.dtype, "auto, float32, bfloat16 or float16")->capture_default_str();
}

void add_how(CLI::App& app, EvalOptions& o) {
  app.add_option("--template", o.prompt_template, "prompt template: alpaca, llama3, qwen, gemma, none or a JSON file")
      ->capture_default_str();
  app.add_option("--few-shot", o.few_shot, "the first N rows of --few-shot-data stand before each prompt as worked examples")
      ->check(apps::at_least(0))
      ->capture_default_str();
  app.add_option("--few-shot-data", o.few_shot_data, "file of rows with instruction, input, output");
  app.add_option("--over-length", o.evaluate.over_length,
                 "a prompt that does not fit the model's context: error, or truncate (its oldest tokens go)")
      ->capture_default_str();
  app.add_option("--scoring", o.evaluate.scoring,
                 "completion, or likelihood: the alternative of the largest log-likelihood (multiple choice)")
      ->capture_default_str();
  apps::add_decode_options(app, o.evaluate.decode);
  apps::add_stop_option(app, o.evaluate.stops);
  app.add_option("--cutoff-len", o.evaluate.cutoff_len, "loss: token limit of a row")
      ->check(apps::at_least(1))
      ->capture_default_str();
  app.add_flag("--train-on-inputs", o.evaluate.train_on_inputs, "loss: the prompt counts too");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Scores a checkpoint (and adapters) on benchmark files, or measures its loss on rows.");
  Arguments a;
  apps::add_json_config(app);
  add_what_is_scored(app, a.options);
  add_how(app, a.options);
  app.add_option("--output", a.options.output, "folder for results.json, report.html and the records");
  app.add_flag("--resume", a.options.resume, "go on with a run that was stopped: rows that are in --output are not done again");
  app.add_flag("--disagreements", a.disagreements, "list the rows on which the paper's reading and the stricter one differ");
  app.add_option("--compare", a.compared,
                 "two earlier runs (folders or record files): difference, interval, McNemar's p, changed rows")
      ->expected(2);
  apps::add_common_options(app, a.common);
  return apps::run_program(app, argc, argv, [&] { return run(a); });
}

// hyplora-train: fine-tune a checkpoint from one JSON config.
#include <cstdio>

#include "common.h"
#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "core/machine.h"
#include "dist/launch.h"
#include "train/trainer.h"

using namespace hyplora;

namespace {

constexpr int stopped = 75;

struct Arguments {
  apps::CommonOptions common;
  std::string config;
  std::vector<std::string> assignments;
  std::optional<double> max_hours;
  bool print_config = false, print_schema = false, dry_run = false, doctor = false, force_resume = false;
};

/// Thrown out of the data's preparation when a stop signal came.
struct StoppedEarly {};

void poll() {
  if (apps::stop_requested()) throw StoppedEarly();
}

void print(const Json& json) { std::puts(json.dump(2, ' ', false, Json::error_handler_t::replace).c_str()); }

/// Progress on stderr: a line that is rewritten on a terminal, else one plain line each logging_steps.
class ConsoleObserver : public TrainObserver {
 public:
  ConsoleObserver(const TrainOptions& options, bool quiet) : options_(options), status_(!quiet) {}

  void started(const TrainingPlan& plan, int64_t resumed_step) override {
    log::info("{} rows, {} optimiser steps, {} of {} parameters trained", plan.training_rows, plan.steps,
              plan.trained_parameters, plan.base_parameters);
    if (resumed_step > 0) log::info("resuming after step {}", resumed_step);
  }

  void stepped(const StepRecord& r, int64_t steps) override {
    measure(r.step_seconds);
    const std::string text =
        fmt::format("step {}/{}  loss {:.4f}  grad_norm {:.3f}  rate {:.3g}  {:.0f} tokens/s  {:.1f} GB  ETA {}", r.step, steps,
                    r.loss, r.grad_norm, r.learning_rate, r.tokens_per_second(), static_cast<double>(r.peak_memory_bytes) / 1e9,
                    measured_ > 1 ? apps::duration_text(static_cast<double>(steps - r.step) * seconds_per_step_) : "--:--");
    const double share = static_cast<double>(r.step) / static_cast<double>(steps);
    status_.show(bar(share) + " " + text);
    if (!status_.live() && (r.step % options_.logging_steps == 0 || r.step == steps)) log::info("{}", text);
  }

  void evaluated(const EvalRecord& r, bool best) override {
    status_.clear();
    log::info("step {}  eval_loss {:.4f}  perplexity {:.3f}{}", r.step, r.eval_loss, r.perplexity(),
              best ? "  (best so far)" : "");
  }

 private:
  /// A running mean without the first step, which also pays for what is set up once.
  void measure(double seconds) {
    ++measured_;
    if (measured_ > 1) seconds_per_step_ = measured_ == 2 ? seconds : 0.9 * seconds_per_step_ + 0.1 * seconds;
  }

  static std::string bar(double share) {
    constexpr int width = 24;
    const int full = static_cast<int>(share * width);
    return "[" + std::string(static_cast<size_t>(full), '=') + std::string(static_cast<size_t>(width - full), ' ') + "]";
  }

  const TrainOptions& options_;
  apps::StatusLine status_;
  double seconds_per_step_ = 0;
  int64_t measured_ = 0;
};

void refuse_several_processes() {
  if (const int size = launch_info().size; size > 1)
    throw InputError("the launcher started {} processes: this version trains in one; launch a single one.", size);
}

int dry_run(const TrainOptions& options, at::Device device) {
  const TrainingSetup setup = prepare_training(options, device, poll);
  if (options.init_base == "checkpoint") CheckpointFiles::open(options.base_model);
  const Batches batches(setup.training.examples, options);
  Json plan = plan_training(setup, batches, adapter_cost(setup)).to_json();
  plan["device"] = device_text(device);
  plan["dtype"] = dtype_text(setup.dtype);
  plan["architecture"] = setup.spec.to_json();
  plan["first_example"] = preview(setup.training.examples.front(), setup.tokenizer.get());
  plan["first_examples"] = Json::array();
  for (size_t i = 0; i < std::min<size_t>(3, setup.training.examples.size()); ++i)
    plan["first_examples"].push_back(preview(setup.training.examples[i], setup.tokenizer.get()));
  print(plan);
  return 0;
}

int fine_tune(const TrainOptions& options, at::Device device, bool quiet) {
  TrainingSetup setup = prepare_training(options, device, poll);
  load_base(setup);
  ConsoleObserver observer(options, quiet);
  const TrainOutcome outcome = train(setup, observer, apps::stop_requested);
  if (outcome.interrupted) {
    log::warn("stopped after step {}; run the same command again{} to go on", outcome.steps,
              options.resume_from_checkpoint == "never" ? " with resume_from_checkpoint \"auto\"" : "");
    return stopped;
  }
  Json result{{"output_dir", options.output_dir}, {"steps", outcome.steps}, {"seconds", outcome.seconds}};
  if (outcome.last_loss) result["loss"] = *outcome.last_loss;
  if (outcome.best_eval_loss) result["best_eval_loss"] = *outcome.best_eval_loss;
  std::puts(result.dump().c_str());
  return 0;
}

TrainOptions read_options(const Arguments& arguments) {
  if (arguments.config.empty())
    throw InputError("--config FILE is missing: the training config (see --print-schema for its keys).");
  auto assignments = arguments.assignments;
  if (arguments.max_hours) assignments.push_back(fmt::format("max_hours={}", *arguments.max_hours));
  TrainOptions options = read_train_options(read_json(arguments.config), arguments.config, assignments);
  options.force_resume = arguments.force_resume;
  return options;
}

int run(const Arguments& arguments) {
  apps::catch_stop_signals();
  const at::Device device = apps::apply_common_options(arguments.common);
  if (arguments.print_schema) {
    TrainOptions defaults;
    print(train_fields(defaults).schema());
    return 0;
  }
  if (arguments.doctor) {
    print(describe_machine());
    return 0;
  }
  const TrainOptions options = read_options(arguments);
  if (arguments.print_config) {
    print(resolved_config(options));
    return 0;
  }
  refuse_several_processes();
  try {
    return arguments.dry_run ? dry_run(options, device) : fine_tune(options, device, arguments.common.quiet);
  } catch (const StoppedEarly&) {
    log::warn("stopped before the first step; run the same command again");
    return stopped;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Fine-tunes a LLaMA-style checkpoint with low-rank adapters in hyperbolic space (HypLoRA), with LoRA, or whole.");
  Arguments arguments;
  app.add_option("--config", arguments.config, "training config, a JSON file");
  app.add_option("--set", arguments.assignments, "key=value: overrides a key of the config")->expected(1)->take_all();
  app.add_flag("--print-config", arguments.print_config, "print the resolved config and exit");
  app.add_flag("--print-schema", arguments.print_schema, "print every config key with type, default and meaning, and exit");
  app.add_flag("--dry-run", arguments.dry_run, "load data and headers, print the plan and exit");
  app.add_flag("--force-resume", arguments.force_resume, "go on from a checkpoint although config, data or tokenizer differ");
  app.add_option("--max-hours", arguments.max_hours,
                 "stop in time, with a checkpoint and exit code 75, before so many hours have passed");
  app.add_flag("--doctor", arguments.doctor, "print versions, devices, memory and what a run would use, and exit");
  apps::add_common_options(app, arguments.common);
  return apps::run_program(app, argc, argv, [&] { return run(arguments); });
}

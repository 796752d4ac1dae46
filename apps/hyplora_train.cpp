// hyplora-train: fine-tune a checkpoint from one JSON config.
#include <cstdio>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "core/machine.h"
#include "dist/launch.h"
#include "program.h"
#include "signals.h"
#include "standard_streams.h"
#include "status_line.h"
#include "train/trainer.h"

using namespace hyplora;

namespace {

struct Arguments {
  TrainOptions options;
  bool dry_run = false, dry_run_ids = false, doctor = false, force_resume = false;
};

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

/// The plan, and rows as they are learnt; with `ids` the first one's tokens, too, and what it is compared with.
int dry_run(const TrainOptions& options, at::Device device, bool ids) {
  const TrainingSetup setup = prepare_training(options, device, apps::poll_stop);
  const Batches batches(setup.training.examples, options);
  check_start(setup, batches);
  Json plan = plan_training(setup, batches).to_json();
  plan["device"] = device_text(device);
  plan["free_memory_bytes"] = setup.free_bytes ? Json(*setup.free_bytes) : Json(nullptr);
  plan["dtype"] = dtype_text(setup.dtype);
  plan["architecture"] = setup.spec.to_json();
  plan["first_example"] = preview(setup.training.examples.front(), setup.tokenizer.get());
  plan["first_examples"] = Json::array();
  for (size_t i = 0; i < std::min<size_t>(3, setup.training.examples.size()); ++i)
    plan["first_examples"].push_back(preview(setup.training.examples[i], setup.tokenizer.get()));
  if (ids) {
    const Example& first = setup.training.examples.front();
    plan["first_example_ids"] = fmt::format("{}", fmt::join(first.ids, " "));
    plan["first_example_labels"] = fmt::format("{}", fmt::join(first.labels, " "));
  }
  apps::print(plan);
  return 0;
}

int fine_tune(const TrainOptions& options, at::Device device, bool quiet) {
  TrainingSetup setup = prepare_training(options, device, apps::poll_stop);
  load_base(setup);
  ConsoleObserver observer(options, quiet);
  const TrainOutcome outcome = train(setup, observer, apps::stop_requested);
  if (outcome.interrupted) {
    log::warn("stopped after step {}; run the same command again{} to go on", outcome.steps,
              options.resume_from_checkpoint == "never" ? " with resume_from_checkpoint \"auto\"" : "");
    return apps::stopped;
  }
  Json result{{"output_dir", options.output_dir}, {"steps", outcome.steps}, {"seconds", outcome.seconds}};
  if (outcome.last_loss) result["loss"] = *outcome.last_loss;
  if (outcome.best_eval_loss) result["best_eval_loss"] = *outcome.best_eval_loss;
  std::puts(apps::for_output(json_text(result)).c_str());
  return 0;
}

int run(const apps::Program& program, const Arguments& arguments) {
  apps::catch_stop_signals();
  const at::Device device = program.device();
  if (arguments.doctor) {
    apps::print(describe_machine());
    return 0;
  }
  refuse_several_processes();
  try {
    if (arguments.dry_run || arguments.dry_run_ids) return dry_run(arguments.options, device, arguments.dry_run_ids);
    return fine_tune(arguments.options, device, program.quiet());
  } catch (const apps::StoppedEarly&) {
    log::warn("stopped before the first step; run the same command again");
    return apps::stopped;
  }
}

/// --doctor needs no config.
Json read(Arguments& arguments, const Sources& sources) {
  if (arguments.doctor) return Json::object();
  arguments.options = read_train_options(sources);
  arguments.options.force_resume = arguments.force_resume;
  return resolved_config(arguments.options);
}

Fields flags_of(Arguments& a) {
  return Fields()
      .add("dry_run", a.dry_run, "load data and headers, print the plan and exit")
      .add("dry_run_ids", a.dry_run_ids, "the same, with the first row's token ids and labels (-100: no loss)")
      .add("force_resume", a.force_resume, "go on from a checkpoint although config, data or tokenizer differ")
      .add("doctor", a.doctor, "print versions, devices, memory and what a run would use, and exit");
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  apps::Program program(
      "Fine-tunes a LLaMA-style checkpoint with low-rank adapters in hyperbolic space (HypLoRA), with LoRA, or whole.");
  program.options(
      {train_fields(arguments.options), flags_of(arguments), [&](const Sources& sources) { return read(arguments, sources); }});
  return program.run(argc, argv, [&] { return run(program, arguments); });
}

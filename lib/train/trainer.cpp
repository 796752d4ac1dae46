#include "train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "data/prompt_record.h"
#include "model/pack.h"
#include "train/fingerprint.h"
#include "train/loss_scale.h"
#include "train/radii.h"
#include "train/report.h"
#include "train/schedule.h"

namespace hyplora {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Json prompts_of(const TrainingSetup& setup) {
  if (!setup.tokenizer) return nullptr;
  Json record = prompt_record(setup.prompt, setup.options.train_on_inputs, *setup.tokenizer);
  if (setup.prompt.chat) {
    record.erase("train_on_inputs");
    record["chat_loss"] = setup.options.chat_loss;
    record["day"] = *setup.options.chat_day;
  }
  return record;
}

class Trainer {
 public:
  Trainer(TrainingSetup& setup, TrainObserver& observer, const std::function<bool()>& should_stop)
      : setup_(setup),
        options_(setup.options),
        observer_(observer),
        should_stop_(should_stop),
        batches_(setup.training.examples, setup.options),
        steps_(total_steps(options_, batches_)),
        schedule_{options_.lr_scheduler, warmup_steps(options_, steps_), steps_, options_.min_lr_ratio},
        optimizer_(setup.adapters.trained(), options_),
        loss_scale_(setup.dtype, setup.device),
        identity_(run_identity(setup)),
        checkpoints_(options_, identity_, prompts_of(setup)),
        limit_(setup.started, options_.max_hours, 12 * setup.adapters.trained_count()) {}  // value and two moments in fp32

  TrainOutcome run() {
    start();
    const double earlier = state_.seconds;
    if (!evaluate_start()) return interrupted();
    if (saved_ && !after_step()) return interrupted();
    while (state_.step < steps_ && !stopped_early()) {
      if (stopping()) return interrupted();
      advance();
      state_.seconds = earlier + seconds_since(started_);
      if (!after_step()) return interrupted();
    }
    finish();
    return outcome_;
  }

 private:
  /// The gradients of all micro-batches, added up: the loss that they belong to and what it was computed from.
  struct GradientSum {
    at::Tensor loss;
    int64_t tokens = 0, supervised_tokens = 0;
  };

  /// A finished step, and what it left on the device: reading that waits for a GPU, so that it is not yet in the record.
  struct FinishedStep {
    StepRecord record;
    at::Tensor values;     // float64: loss, gradient norm, in float16 the loss scale, each module's stored K behind this step
    bool skipped = false;  // its update was left out
  };

  enum class Validation { interrupted, without_gain, best_so_far };

  void start() {
    if (const auto checkpoint = checkpoints_.to_resume()) {
      state_ = checkpoints_.restore(*checkpoint, setup_.adapters, optimizer_);
      loss_scale_.restore(state_.loss_scale);
      saved_ = state_;
    } else {
      settle_radii(*setup_.model, setup_.adapters, setup_.training.examples, !options_.init_adapter);
    }
    checkpoints_.require_free(state_.step, steps_);
    checkpoints_.clean(saved_);
    const TrainingPlan plan = plan_training(setup_, batches_);
    report_.emplace(setup_, plan, identity_.files, saved_);
    observer_.started(plan, state_.step);
    started_ = Clock::now();
  }

  bool stopping() {
    if (should_stop_()) return true;
    if (!limit_.reached()) return false;
    if (!outcome_.interrupted) log::warn("stopping in time for {}", limit_.reason());
    return outcome_.interrupted = true;
  }

  bool stopped_early() const {
    const int64_t patience = options_.early_stopping_patience;
    return patience > 0 && state_.evaluations_without_gain >= patience;
  }

  void advance() {
    pending_.push_back(one_step());
    // On a GPU values are read only now and then, but once at the start, to know a step's time; on the CPU it costs nothing.
    const bool log_now = state_.step % options_.logging_steps == 0 || state_.step == steps_ || !outcome_.first_loss;
    if (setup_.device.is_cpu() || log_now || options_.skip_spikes) tell_pending();
  }

  FinishedStep one_step() {
    const auto begin = Clock::now();
    const GradientSum sum = gradients(batches_.rows(state_.step));
    const at::Tensor scale = loss_scale_.value();
    if (scale.defined()) optimizer_.scale_gradients(scale.reciprocal());
    const at::Tensor norm = optimizer_.clip_gradients(options_.max_grad_norm);
    const double factor = schedule_.factor(state_.step);
    FinishedStep step;
    // Judging a step before its update waits for a GPU.
    step.skipped = options_.skip_spikes && state_.spikes.judge(sum.loss.item<double>(), norm.item<double>());
    if (step.skipped) {
      optimizer_.clear_gradients();
    } else {
      update(factor, sum.loss, norm);
    }
    ++state_.step;
    step.values = values_behind_step({sum.loss, norm, scale});
    step.record.peak_memory_bytes = peak_memory_bytes(setup_.device);
    step.record.peak_reserved_bytes = peak_reserved_bytes(setup_.device);
    step.record.step = state_.step;
    step.record.epoch = static_cast<double>(state_.step) / static_cast<double>(batches_.steps_per_epoch());
    step.record.learning_rate = options_.learning_rate * factor;
    step.record.tokens = sum.tokens;
    step.record.supervised_tokens = sum.supervised_tokens;
    step.record.step_seconds = seconds_since(begin);
    return step;
  }

  void update(double factor, const at::Tensor& loss, const at::Tensor& norm) {
    if (!loss_scale_.is_on()) return optimizer_.step(factor, loss + norm);
    const at::Tensor overflowed = norm.isfinite().logical_not().to(at::kFloat);
    optimizer_.step(factor, loss, overflowed);
    loss_scale_.update(overflowed);
  }

  GradientSum gradients(const StepRows& rows) {
    try {
      return forward_backward(rows);
    } catch (const c10::OutOfMemoryError& error) {
      const std::string what = error.what_without_backtrace();
      throw RunError("step {}: out of memory on {}; a smaller micro_batch_size{} needs less. LibTorch says: {}",
                     state_.step + 1, setup_.device.str(), options_.gradient_checkpointing ? "" : " or gradient_checkpointing",
                     what.substr(0, what.find('\n')));
    }
  }

  GradientSum forward_backward(const StepRows& rows) {
    int64_t supervised = 0;
    for (const auto& micro : rows) {
      for (const Example* example : micro) supervised += example->supervised();
    }
    GradientSum sum;
    for (size_t i = 0; i < rows.size(); ++i) {
      const PackedBatch batch = pack(rows[i], setup_.device);
      setup_.adapters.start_dropout(dropout_seed(state_.step, i));
      const double divisor = options_.loss_normalization == "tokens"
                                 ? static_cast<double>(supervised)
                                 : static_cast<double>(batch.supervised) * static_cast<double>(rows.size());
      const at::Tensor loss = setup_.model->loss(batch.tokens, batch.positions, batch.targets) / divisor;
      torch::autograd::backward({loss_scale_.scaled(loss)}, {});
      sum.loss = sum.loss.defined() ? sum.loss + loss.detach() : loss.detach();
      sum.tokens += batch.token_count;
      sum.supervised_tokens += batch.supervised;
    }
    setup_.adapters.stop_dropout();
    return sum;
  }

  uint64_t dropout_seed(int64_t step, size_t micro) const {
    return (static_cast<uint64_t>(options_.seed) * 1000003u + static_cast<uint64_t>(step)) * 4099u + micro;
  }

  /// Those that are defined, and each module's K.
  at::Tensor values_behind_step(const std::vector<at::Tensor>& scalars) const {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> parts;
    for (const at::Tensor& scalar : scalars) {
      if (scalar.defined()) parts.push_back(scalar.to(at::kDouble).view({1}));
    }
    if (const at::Tensor stored = setup_.adapters.stored_curvatures(); stored.defined()) parts.push_back(stored);
    return at::cat(parts);
  }

  /// Copies the values of all steps at once. Until then a GPU's steps are only under way: what they took together is shared out.
  void tell_pending() {
    if (pending_.empty()) return;
    const auto begin = Clock::now();
    std::vector<at::Tensor> values;
    for (const FinishedStep& step : pending_) values.push_back(step.values);
    const at::Tensor here = at::stack(values).cpu();
    double seconds = seconds_since(begin);
    for (const FinishedStep& step : pending_) seconds += step.record.step_seconds;
    seconds /= static_cast<double>(pending_.size());
    limit_.stepped(seconds);
    for (size_t i = 0; i < pending_.size(); ++i) {
      pending_[i].record.step_seconds = seconds;
      tell(pending_[i], here[static_cast<int64_t>(i)]);
    }
    pending_.clear();
  }

  /// Everybody who wants to know of a step: report, outcome, observer, and the watch for spikes.
  void tell(const FinishedStep& step, const at::Tensor& values) {
    const StepRecord record = whole_record(step, values);
    report_->step(record, spike_lines(record, step.skipped));
    if (!outcome_.first_loss) outcome_.first_loss = record.loss;
    outcome_.last_loss = record.loss;
    observer_.stepped(record, steps_);
  }

  StepRecord whole_record(const FinishedStep& step, const at::Tensor& values) {
    StepRecord record = step.record;
    record.loss = values[0].item<double>();
    record.grad_norm = values[1].item<double>();
    const int64_t scalars = loss_scale_.is_on() ? 3 : 2;
    if (loss_scale_.is_on()) record.loss_scale = values[2].item<double>();
    const bool overflows = record.loss_scale > LossScale::least && !std::isfinite(record.grad_norm);
    if (!std::isfinite(record.loss) || (!std::isfinite(record.grad_norm) && !overflows)) stop_non_finite(record);
    if (overflows)
      log::info("step {}: its gradients overflow at loss scale {:g}; its update was left out", record.step, *record.loss_scale);
    record.curvature = setup_.adapters.curvature_summary(values.narrow(0, scalars, values.size(0) - scalars));
    return record;
  }

  /// The event line of a step that exploded, and a warning; nothing for others. The values join the running spread.
  std::vector<Json> spike_lines(const StepRecord& record, bool skipped) {
    const auto spike = state_.spikes.judge(record.loss, record.grad_norm);
    state_.spikes.add(record.loss, record.grad_norm);
    if (!spike) return {};
    log::warn("step {}: {}{}", record.step, spike->text(), skipped ? "; its update was left out" : "");
    return {spike->event(record.step, skipped)};
  }

  /// Runs the step again, watching every module, and says which one gave the first bad value.
  [[noreturn]] void stop_non_finite(const StepRecord& record) {
    std::string culprit;
    setup_.model->set_probe([&](const std::string& path, const at::Tensor& output) {
      if (culprit.empty() && !output.isfinite().all().item<bool>())
        culprit = "the first non-finite value comes out of module " + path;
    });
    state_.step = record.step - 1;
    optimizer_.clear_gradients();
    forward_backward(batches_.rows(state_.step));
    setup_.model->set_probe({});
    for (const auto& parameter : optimizer_.parameters()) {
      const at::Tensor& gradient = parameter.value.grad();
      if (culprit.empty() && gradient.defined() && !gradient.isfinite().all().item<bool>()) {
        culprit = "every module's output is finite, the first non-finite gradient is that of " + parameter.name;
      }
    }
    if (culprit.empty()) culprit = "repeating the step gave finite values";
    throw RunError("step {}: the {} is not finite; {}. A lower learning_rate may help; earlier checkpoints are untouched.",
                   record.step, std::isfinite(record.loss) ? "gradient norm" : "loss", culprit);
  }

  /// Validation and checkpoint where they are due; false when asked to stop meanwhile.
  bool after_step() {
    const bool last = state_.step == steps_;
    const bool due = last || state_.step % options_.eval_step == 0;
    Validation validation = Validation::without_gain;
    if (due && !setup_.validation.examples.empty() && state_.evaluated_step != state_.step) validation = validate();
    if (validation == Validation::interrupted) return false;
    const bool best = validation == Validation::best_so_far;
    if (last || best || stopped_early() || state_.step % options_.save_step == 0) save();
    return true;
  }

  /// The model as the run begins with it, told once and counted for nothing; false when asked to stop meanwhile.
  bool evaluate_start() {
    if (!options_.eval_on_start || state_.step > 0 || setup_.validation.examples.empty() || report_->has_start_evaluation())
      return true;
    const auto loss = validation_loss();
    if (loss) tell({0, *loss}, false);
    return loss.has_value();
  }

  Validation validate() {
    tell_pending();  // a step that was not finite ends the run before its weights are judged
    const auto loss = validation_loss();
    return loss ? take({state_.step, *loss}) : Validation::interrupted;
  }

  /// Nothing when asked to stop meanwhile.
  std::optional<double> validation_loss() {
    LossSum sum;
    MicroBatch rows;
    for (const auto& example : setup_.validation.examples) {
      rows.push_back(&example);
      if (static_cast<int64_t>(rows.size()) < options_.micro_batch_size && &example != &setup_.validation.examples.back())
        continue;
      if (stopping()) return std::nullopt;
      sum += summed_loss(*setup_.model, rows);
      rows.clear();
    }
    return sum.mean();
  }

  void tell(const EvalRecord& record, bool best) {
    if (!std::isfinite(record.eval_loss)) log::warn("step {}: the validation loss is not finite", record.step);
    report_->evaluation(record);
    observer_.evaluated(record, best);
  }

  Validation take(const EvalRecord& record) {
    state_.evaluated_step = state_.step;
    const bool best = std::isfinite(record.eval_loss) && (!state_.best_loss || record.eval_loss < *state_.best_loss);
    if (best) {
      state_.best_loss = record.eval_loss;
      state_.best_step = state_.step;
    }
    state_.evaluations_without_gain = best ? 0 : state_.evaluations_without_gain + 1;
    tell(record, best);
    return best ? Validation::best_so_far : Validation::without_gain;
  }

  void save() {
    tell_pending();
    state_.loss_scale = loss_scale_.to_json();
    if (saved_ == state_) return;
    const auto begin = Clock::now();
    report_->sync();
    checkpoints_.save(state_, setup_.adapters, optimizer_);
    saved_ = state_;
    limit_.saved(seconds_since(begin));
  }

  TrainOutcome interrupted() {
    save();
    outcome_.interrupted = true;
    outcome_.steps = state_.step;
    return outcome_;
  }

  void finish() {
    outcome_.steps = state_.step;
    outcome_.seconds = state_.seconds;
    outcome_.best_eval_loss = state_.best_loss;
    const bool takes_best = options_.load_best_model_at_end && state_.best_loss && state_.best_step != state_.step;
    if (takes_best) checkpoints_.restore_best(state_, setup_.adapters);
    checkpoints_.save_adapter(setup_.adapters);
    report_->finish(setup_, state_, takes_best ? state_.best_step : state_.step);
  }

  TrainingSetup& setup_;
  const TrainOptions& options_;
  TrainObserver& observer_;
  const std::function<bool()>& should_stop_;
  Batches batches_;
  int64_t steps_;
  Schedule schedule_;
  AdamW optimizer_;
  LossScale loss_scale_;
  Identity identity_;
  Checkpoints checkpoints_;
  TimeLimit limit_;
  TrainerState state_;
  std::optional<TrainerState> saved_;  // what the newest checkpoint holds
  std::optional<Report> report_;
  std::vector<FinishedStep> pending_;
  TrainOutcome outcome_;
  Clock::time_point started_;
};

}  // namespace

void check_start(const TrainingSetup& setup, const Batches& batches) {
  const Checkpoints checkpoints(setup.options, run_identity(setup));
  const auto resumed = checkpoints.to_resume();
  checkpoints.require_free(resumed ? checkpoints.check_state(*resumed).step : 0, total_steps(setup.options, batches));
}

TrainOutcome train(TrainingSetup& setup, TrainObserver& observer, const std::function<bool()>& should_stop) {
  return Trainer(setup, observer, should_stop).run();
}

}  // namespace hyplora

#include "train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "model/pack.h"
#include "train/fingerprint.h"
#include "train/report.h"
#include "train/schedule.h"

namespace hyplora {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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
        identity_(run_identity(setup)),
        checkpoints_(options_, identity_),
        limit_(setup.started, options_.max_hours, 12 * setup.adapters.trained_count()) {}  // value and two moments in fp32

  TrainOutcome run() {
    start();
    const double earlier = state_.seconds;
    if (saved_ && !after_step()) return interrupted();
    while (state_.step < steps_ && !stopped_early()) {
      if (stopping()) return interrupted();
      one_step();
      state_.seconds = earlier + seconds_since(started_);
      if (!after_step()) return interrupted();
    }
    finish();
    return outcome_;
  }

 private:
  /// A finished step whose loss and norm may still be on the device.
  struct Pending {
    StepRecord record;
    at::Tensor loss, norm;
    bool skipped = false;
  };

  void start() {
    if (const auto checkpoint = checkpoints_.to_resume()) {
      state_ = checkpoints_.restore(*checkpoint, setup_.adapters, optimizer_);
      saved_ = state_;
    }
    checkpoints_.clean(saved_);
    const TrainingPlan plan = plan_training(setup_, batches_, adapter_cost(setup_));
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

  void one_step() {
    const auto begin = Clock::now();
    const StepRows rows = batches_.rows(state_.step);
    Pending pending;
    pending.loss = forward_backward(rows, pending.record);
    pending.norm = optimizer_.clip_gradients(options_.max_grad_norm);
    const double factor = schedule_.factor(state_.step);
    // Judging a step before its update waits for a GPU.
    pending.skipped = options_.skip_spikes && state_.spikes.judge(pending.loss.item<double>(), pending.norm.item<double>());
    if (pending.skipped) {
      optimizer_.clear_gradients();
    } else {
      optimizer_.step(factor, (pending.loss + pending.norm).isfinite().logical_not().to(at::kFloat));
    }
    ++state_.step;
    pending.record.step = state_.step;
    pending.record.epoch = static_cast<double>(state_.step) / static_cast<double>(batches_.steps_per_epoch());
    pending.record.learning_rate = options_.learning_rate * factor;
    pending_.push_back(std::move(pending));
    // Reading a value waits for a GPU, so that there it is done only now and then; on the CPU it costs nothing.
    const bool log_now = state_.step % options_.logging_steps == 0 || state_.step == steps_;
    pending_.back().record.step_seconds = seconds_since(begin);
    if (setup_.device.is_cpu() || log_now || options_.skip_spikes) write_pending(seconds_since(begin));
    limit_.stepped(seconds_since(begin));
  }

  /// Adds up the gradients of all micro-batches; returns the loss that they belong to.
  at::Tensor forward_backward(const StepRows& rows, StepRecord& record) {
    int64_t supervised = 0;
    for (const auto& micro : rows) {
      for (const Example* example : micro) supervised += example->supervised();
    }
    at::Tensor total;
    for (size_t i = 0; i < rows.size(); ++i) {
      const PackedBatch batch = pack(rows[i], setup_.device);
      setup_.adapters.start_dropout(dropout_seed(state_.step, i));
      const double divisor = options_.loss_normalization == "tokens"
                                 ? static_cast<double>(supervised)
                                 : static_cast<double>(batch.supervised) * static_cast<double>(rows.size());
      const at::Tensor loss = setup_.model->loss(batch.tokens, batch.positions, batch.targets) / divisor;
      torch::autograd::backward({loss}, {});
      total = total.defined() ? total + loss.detach() : loss.detach();
      record.tokens += batch.token_count;
      record.supervised_tokens += batch.supervised;
    }
    setup_.adapters.stop_dropout();
    return total;
  }

  uint64_t dropout_seed(int64_t step, size_t micro) const {
    return (static_cast<uint64_t>(options_.seed) * 1000003u + static_cast<uint64_t>(step)) * 4099u + micro;
  }

  void write_pending(double last_seconds) {
    for (auto& pending : pending_) {
      StepRecord& record = pending.record;
      record.loss = pending.loss.item<double>();
      record.grad_norm = pending.norm.item<double>();
      if (!std::isfinite(record.loss) || !std::isfinite(record.grad_norm)) stop_non_finite(record);
      if (setup_.device.is_cpu()) record.step_seconds = last_seconds;
      record.peak_memory_bytes = peak_memory_bytes(setup_.device);
      record.curvature = setup_.adapters.curvature_summary();
      report_->step(record, spike_lines(record, pending.skipped));
      if (!outcome_.first_loss) outcome_.first_loss = record.loss;
      outcome_.last_loss = record.loss;
      observer_.stepped(record, steps_);
    }
    pending_.clear();
  }

  /// The event line of a step that exploded, and a warning; nothing for others. The values join the running spread.
  std::vector<Json> spike_lines(const StepRecord& record, bool skipped) {
    const auto spike = state_.spikes.judge(record.loss, record.grad_norm);
    state_.spikes.add(record.loss, record.grad_norm);
    if (!spike) return {};
    log::warn("step {}: {}{}", record.step, spike->text(), skipped ? "; its update was left out" : "");
    return {Json{{"event", "spike"},
                 {"step", record.step},
                 {"quantity", spike->quantity},
                 {"value", spike->value},
                 {"usual", spike->usual},
                 {"limit", spike->limit},
                 {"skipped", skipped}}};
  }

  /// Runs the step again, watching every module, and says which one gave the first bad value.
  [[noreturn]] void stop_non_finite(const StepRecord& record) {
    std::string culprit;
    setup_.model->set_probe([&](const std::string& path, const at::Tensor& output) {
      if (culprit.empty() && !output.isfinite().all().item<bool>())
        culprit = "the first non-finite value comes out of module " + path;
    });
    StepRecord again;
    state_.step = record.step - 1;
    optimizer_.clear_gradients();
    forward_backward(batches_.rows(state_.step), again);
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
    bool improved = false;
    const bool due = last || state_.step % options_.eval_step == 0;
    if (due && !setup_.validation.examples.empty() && state_.evaluated_step != state_.step) {
      const auto gained = evaluate();
      if (!gained) return false;
      improved = *gained;
    }
    if (last || improved || stopped_early() || state_.step % options_.save_step == 0) save();
    return true;
  }

  /// Whether the validation loss is the best so far; nothing when asked to stop in between.
  std::optional<bool> evaluate() {
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
    const EvalRecord record{state_.step, sum.mean()};
    state_.evaluated_step = state_.step;
    const bool best = !state_.best_loss || record.eval_loss < *state_.best_loss;
    if (best) {
      state_.best_loss = record.eval_loss;
      state_.best_step = state_.step;
    }
    state_.evaluations_without_gain = best ? 0 : state_.evaluations_without_gain + 1;
    report_->evaluation(record);
    observer_.evaluated(record, best);
    return best;
  }

  void save() {
    if (!pending_.empty()) write_pending(0);
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
    save_adapter(setup_.adapters, options_.output_dir, options_.base_model);
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
  Identity identity_;
  Checkpoints checkpoints_;
  TimeLimit limit_;
  TrainerState state_;
  std::optional<TrainerState> saved_;  // what the newest checkpoint holds
  std::optional<Report> report_;
  std::vector<Pending> pending_;
  TrainOutcome outcome_;
  Clock::time_point started_;
};

}  // namespace

TrainOutcome train(TrainingSetup& setup, TrainObserver& observer, const std::function<bool()>& should_stop) {
  return Trainer(setup, observer, should_stop).run();
}

}  // namespace hyplora

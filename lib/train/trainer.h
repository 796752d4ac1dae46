// The training loop: micro-batches -> clip -> AdamW -> schedule -> every N steps validate and save.
#pragma once

#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/setup.h"

namespace hyplora {

/// Hears what happens, to show it to a user.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void started(const TrainingPlan& /*plan*/, int64_t /*resumed_step*/) {}
  virtual void stepped(const StepRecord& /*record*/, int64_t /*steps*/) {}
  virtual void evaluated(const EvalRecord& /*record*/, bool /*best*/) {}
};

struct TrainOutcome {
  bool interrupted = false;  // stopped by should_stop or a time limit, after saving a checkpoint
  int64_t steps = 0;
  double seconds = 0;
  std::optional<double> first_loss, last_loss, best_eval_loss;
};

/// InputError where `train` would refuse to start in this output_dir: the checkpoint to resume from, or what is in the way.
void check_start(const TrainingSetup& setup, const Batches& batches);

/// Runs (or resumes) the training of a prepared setup and writes everything into output_dir. RunError: a non-finite loss or
/// gradient, with the step and the module; the disk refuses. `should_stop` is polled between steps and during validation; so is
/// the time limit (max_hours, Slurm's end of the job).
TrainOutcome train(TrainingSetup& setup, TrainObserver& observer, const std::function<bool()>& should_stop);

}  // namespace hyplora

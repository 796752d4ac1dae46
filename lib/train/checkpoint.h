// checkpoint-<step>/ in the output folder: adapter, optimizer.safetensors, trainer_state.json and, last of all, COMPLETE. Written
// aside and renamed; `latest` and `best` are links to one of them. The data order, the dropout and the schedule follow from the seed
// and the step, so that the step is all that must be kept of them.
#pragma once

#include "adapter/adapter.h"
#include "train/optimizer.h"

namespace hyplora {

struct TrainerState {
  int64_t step = 0;  // optimiser steps done
  std::optional<double> best_loss;
  int64_t best_step = 0, evaluated_step = 0, evaluations_without_gain = 0;
  double seconds = 0;  // of training so far
};

class Checkpoints {
 public:
  Checkpoints(const TrainOptions& options) : options_(options), folder_(options.output_dir) {}

  void save(const TrainerState& state, const Adapters& adapters, const AdamW& optimizer) const;
  /// The checkpoint that the options ask to resume from, if any. InputError: the named one is not complete.
  std::optional<fs::path> to_resume() const;
  /// Puts a checkpoint's values back. InputError when it was made with another config.
  TrainerState restore(const fs::path& checkpoint, Adapters& adapters, AdamW& optimizer) const;
  fs::path of_step(int64_t step) const;

 private:
  void remove_old(const TrainerState& state) const;
  void check_same_config(const fs::path& state_file, const Json& saved) const;

  const TrainOptions& options_;
  fs::path folder_;
};

}  // namespace hyplora

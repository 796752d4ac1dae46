// checkpoint-<step>/ in the output folder: adapter, optimizer.safetensors, trainer_state.json and, last of all, COMPLETE, which
// holds the others' checksums (`sha256sum -c COMPLETE`). Written aside, read back and renamed; `latest` and `best` are links to
// one of them. The data order, the dropout and the schedule follow from the seed and the step, so that the step is all that
// must be kept of them.
#pragma once

#include "adapter/adapter.h"
#include "io/identity.h"
#include "train/optimizer.h"
#include "train/spikes.h"

namespace hyplora {

struct TrainerState {
  int64_t step = 0;  // optimiser steps done
  std::optional<double> best_loss;
  int64_t best_step = 0, evaluated_step = 0, evaluations_without_gain = 0;
  double seconds = 0;  // of training so far
  SpikeWatch spikes;
  Json loss_scale = nullptr;  // as LossScale gives it

  bool operator==(const TrainerState&) const = default;
};

class Checkpoints {
 public:
  /// `identity`: what the run is made from (train/fingerprint.h).
  /// `prompts`: the record of the texts that are learnt (data/prompt_record.h), null where rows came tokenised.
  explicit Checkpoints(const TrainOptions& options, Identity identity = {}, Json prompts = {})
      : options_(options), folder_(options.output_dir), identity_(std::move(identity)), prompts_(std::move(prompts)) {}

  /// RunError when the disk refuses or a value is not finite; earlier checkpoints stay as they are.
  void save(const TrainerState& state, const Adapters& adapters, const AdamW& optimizer) const;
  /// The checkpoint that the options ask to resume from, if any; damaged ones are passed over. InputError: the named one is not
  /// complete, or it, or every one, is damaged.
  std::optional<fs::path> to_resume() const;
  /// Puts a checkpoint's values back. InputError when it was made with another config, other data or another tokenizer, unless
  /// forced.
  TrainerState restore(const fs::path& checkpoint, Adapters& adapters, AdamW& optimizer) const;
  /// The state alone. InputError as `restore`.
  TrainerState check_state(const fs::path& checkpoint) const;
  /// Takes the weights of the best validation so far. InputError: they are no longer what was saved.
  void restore_best(const TrainerState& state, Adapters& adapters) const;
  /// Writes the adapter into the output folder itself: aside, read back (every tensor there, finite and the same), renamed file
  /// by file. RunError.
  void save_adapter(const Adapters& adapters) const;
  /// Removes what a killed run left half-written, and those of our checkpoints that come after the resumed state (nothing: all of them),
  /// to which another past led; sets `latest` and `best` right.
  void clean(const std::optional<TrainerState>& resumed) const;
  /// InputError: something that is not of this program stands where the run from one step to the other writes.
  void require_free(int64_t resumed_step, int64_t steps) const;
  fs::path of_step(int64_t step) const;

 private:
  void point_links(const TrainerState& state) const;
  void remove_old(const TrainerState& state) const;
  void check_same_run(const fs::path& state_file, const Json& saved) const;
  void adopt_best(const fs::path& checkpoint, TrainerState& state) const;

  void write_adapter(const Adapters& adapters, const fs::path& folder) const;

  const TrainOptions& options_;
  fs::path folder_;
  Identity identity_;
  Json prompts_;
};

}  // namespace hyplora

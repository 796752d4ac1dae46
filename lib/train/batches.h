// Which rows each optimiser step sees. The order is a function of the seed and the step alone, so that a resumed run needs
// nothing but the step's number.
#pragma once

#include "data/examples.h"
#include "train/options.h"

namespace hyplora {

/// The rows of one forward pass, and those of one optimiser step.
using MicroBatch = std::vector<const Example*>;
using StepRows = std::vector<MicroBatch>;

class Batches {
 public:
  /// `examples` must outlive this.
  Batches(const std::vector<Example>& examples, const TrainOptions& options);

  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// What batches are made of: rows, or the sequences that they are packed into.
  int64_t sequences() const { return static_cast<int64_t>(sequences_.size()); }
  /// Rows of step `step`, counted from 0 over all epochs; the last step of an epoch may have fewer.
  StepRows rows(int64_t step);

 private:
  void order_epoch(int64_t epoch);

  int64_t batch_size_, micro_batch_size_, steps_per_epoch_;
  bool shuffle_, group_by_length_;
  uint64_t seed_;
  std::vector<MicroBatch> sequences_;  // what counts as a row of the batch: one example, or several packed ones
  int64_t ordered_epoch_ = -1;
  std::vector<size_t> order_;
};

/// 0 .. n-1 in random order; the same on every machine for the same seed.
std::vector<size_t> shuffled_indices(size_t n, uint64_t seed);

/// Splits off `count` examples, drawn with the seed, for validation. InputError when none would be left for training.
std::vector<Example> split_validation(std::vector<Example>& examples, int64_t count, uint64_t seed);

}  // namespace hyplora

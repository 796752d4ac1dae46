// What a run leaves for people to read: metrics.jsonl, TensorBoard events, config.resolved.json, loss.svg and the model card README.md.
#pragma once

#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/setup.h"
#include "train/tensorboard.h"

namespace hyplora {

class Report {
 public:
  /// Writes config.resolved.json and the first metrics line.
  Report(const TrainingSetup& setup, const TrainingPlan& plan, std::optional<int64_t> resumed_step);
  void step(const StepRecord& record);
  void evaluation(const EvalRecord& record);
  /// Writes the last metrics line, loss.svg and the model card; `written_step` is the step whose adapter was written.
  void finish(const TrainingSetup& setup, const TrainerState& state, int64_t written_step);

 private:
  fs::path folder_;
  MetricsFile metrics_;
  std::optional<TensorBoardWriter> tensorboard_;
};

}  // namespace hyplora

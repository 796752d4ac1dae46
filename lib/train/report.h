// What a run leaves for people to read: metrics.jsonl, TensorBoard events, launches.jsonl, config.resolved.json, loss.svg,
// curvature.svg and the model card README.md.
#pragma once

#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/setup.h"
#include "train/tensorboard.h"

namespace hyplora {

class Report {
 public:
  /// Writes config.resolved.json, a line of launches.jsonl and, unless an earlier launch did, the first metrics line.
  /// TensorBoard's events are written anew from the metrics that were kept.
  Report(const TrainingSetup& setup, const TrainingPlan& plan, const Json& fingerprint,
         const std::optional<TrainerState>& resumed);
  /// Writes a step's metrics line; `more`: event lines that follow it.
  void step(const StepRecord& record, const std::vector<Json>& more);
  void evaluation(const EvalRecord& record);
  /// Whether an earlier launch has validated before the first step.
  bool has_start_evaluation() const;
  /// What is there survives a crash of the machine.
  void sync() { metrics_.sync(); }
  /// Writes the last metrics line, the curves and the model card; `written_step` is the step whose adapter was written.
  void finish(const TrainingSetup& setup, const TrainerState& state, int64_t written_step);

 private:
  void write(const Json& line);
  void show(const Json& line);

  fs::path folder_;
  Json fingerprint_;
  MetricsFile metrics_;
  std::optional<TensorBoardWriter> tensorboard_;
};

}  // namespace hyplora

// Everything a training run needs, made from its options: data first, so that bad input shows before the weights are read.
#pragma once

#include <memory>

#include "data/row_survey.h"
#include "io/lock.h"
#include "model/load.h"
#include "train/batches.h"
#include "train/time_limit.h"

namespace hyplora {

/// Called now and then by work that takes long; throws to end it.
using Poll = std::function<void()>;

struct TrainingSetup {
  TrainOptions options;
  TimeLimit::Clock::time_point started = TimeLimit::Clock::now();
  at::Device device = at::kCPU;
  std::optional<int64_t> free_bytes;  // of the GPU, before anything of the run lies there
  at::ScalarType dtype = at::kFloat;
  ModelSpec spec;
  std::unique_ptr<Tokenizer> tokenizer;  // null when every row came tokenised and the folder has none
  PromptTemplate prompt;
  ExampleSet training, validation;
  RowSurvey rows;                      // of both
  std::unique_ptr<Transformer> model;  // after load_base
  Adapters adapters;                   // after load_base
  AdapterCost cost;                    // of those adapters
  std::unique_ptr<FolderLock> lock;    // on output_dir, after load_base
};

/// Reads configs, tokenizer and data; checks that the checkpoint has the tensors that its config.json asks for, that adapters and
/// init_adapter fit, and that output_dir can be written. No weights yet.
TrainingSetup prepare_training(const TrainOptions& options, at::Device device, const Poll& poll = {});

/// Locks output_dir against other runs, loads the base and attaches the adapters.
void load_base(TrainingSetup& setup);

/// What the run will do, for --dry-run and the first log lines.
struct TrainingPlan {
  std::map<std::string, int64_t> row_schemas;
  int64_t empty_outputs = 0;
  int64_t training_rows = 0, validation_rows = 0, truncated_rows = 0, dropped_rows = 0;
  int64_t sequences = 0;  // rows of batches: the training rows, packed where they are
  int64_t tokens_per_epoch = 0, supervised_per_epoch = 0, steps_per_epoch = 0, steps = 0, warmup_steps = 0;
  int64_t base_parameters = 0, trained_parameters = 0;
  int64_t base_bytes = 0, predicted_peak_bytes = 0;
  std::optional<int64_t> free_bytes;  // of the GPU, where the peak has to fit

  Json to_json() const;
};
TrainingPlan plan_training(const TrainingSetup& setup, const Batches& batches);

/// Optimiser steps of the whole run, and those of its warm-up.
int64_t total_steps(const TrainOptions& options, const Batches& batches);
int64_t warmup_steps(const TrainOptions& options, int64_t steps);

/// One sentence for each number of steps or rows of the options that the run does not reach, with both numbers.
std::vector<std::string> plan_advice(const TrainOptions& options, const TrainingPlan& plan);

/// A whole example as text, the parts without loss between brackets, special tokens as «<s>»; ids where there is no tokenizer.
std::string preview(const Example& example, const Tokenizer* tokenizer);

}  // namespace hyplora

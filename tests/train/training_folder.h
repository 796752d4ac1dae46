// Training runs inside this process.
#pragma once

#include "support/training_place.h"
#include "train/trainer.h"

namespace hyplora::test {

/// Rows whose next token follows from the last, a small random model, and runs in this process.
class TrainingFolder : public TrainingPlace {
 public:
  TrainOptions options(const std::string& out, const std::vector<std::string>& assignments = {}) const {
    const Json config{{"base_model", at("base")},
                      {"data_path", at("rows.jsonl")},
                      {"output_dir", at(out)},
                      {"lora_r", 4},
                      {"lora_dropout", 0.1},
                      {"batch_size", 4},
                      {"micro_batch_size", 2},
                      {"num_epochs", 2},
                      {"warmup_steps", 2},
                      {"learning_rate", 0.01},
                      {"val_set_size", 8},
                      {"eval_step", 5},
                      {"save_step", 4}};
    return read_train_options({config, "config", assignments, {}});
  }
  fs::path operator/(const std::string& name) const { return at(name); }
};

inline TrainOutcome run(
    const TrainOptions& options, const std::function<bool()>& stop = [] { return false; }) {
  TrainingSetup setup = prepare_training(options, at::kCPU);
  load_base(setup);
  TrainObserver silent;
  return train(setup, silent, stop);
}

}  // namespace hyplora::test

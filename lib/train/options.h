// The training config: every key with its default, meaning and rule. Contract: README.md, "Configuration".
#pragma once

#include "adapter/adapter.h"
#include "core/fields.h"

namespace hyplora {

struct TrainOptions {
  std::string base_model, init_base = "checkpoint", dtype = "auto", quantization = "none";
  AdapterOptions adapter;
  std::optional<double> curvature_learning_rate;
  std::optional<std::string> init_adapter;
  StringOrList data_path;
  std::string prompt_template = "alpaca", over_length = "truncate";
  int64_t cutoff_len = 256;
  bool train_on_inputs = true, fold_turns = false;
  std::string chat_loss = "assistant";
  std::optional<std::string> chat_day;
  int64_t val_set_size = 120;
  bool val_set_size_given = false;  // no key: whether a source named val_set_size
  std::optional<std::string> val_data_path;
  bool shuffle = true, group_by_length = false, packing = false;
  int64_t batch_size = 16, micro_batch_size = 4, num_epochs = 3, max_steps = 0;
  double learning_rate = 3e-4;
  std::string lr_scheduler = "linear";
  int64_t warmup_steps = 100;
  double warmup_ratio = 0, min_lr_ratio = 0;
  double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8, weight_decay = 0, max_grad_norm = 1.0;
  std::string loss_normalization = "tokens";
  bool gradient_checkpointing = false;
  int64_t seed = 42;
  bool deterministic = false;
  int64_t eval_step = 200, save_step = 200, save_total_limit = 3;
  bool eval_on_start = false;
  bool load_best_model_at_end = true;
  int64_t early_stopping_patience = 0;
  std::string output_dir;
  int64_t logging_steps = 10;
  bool tensorboard = true;
  std::string resume_from_checkpoint = "auto";
  double max_hours = 0;
  bool skip_spikes = false;
  bool force_resume = false;  // --force-resume; no key, so that no saved config carries it on
};

/// The list of fields; `options` must outlive it.
Fields train_fields(TrainOptions& options);

/// The sources in their order, then what only shows when all keys are there: missing ones and impossible combinations.
/// `lora_type`, the published scripts' key, is understood in a config and in an assignment. With init_adapter, the keys that shape an adapter come from its folder unless the config says the same.
TrainOptions read_train_options(Sources sources);

/// All keys with their values, ready to be run again.
Json resolved_config(const TrainOptions& options);

}  // namespace hyplora

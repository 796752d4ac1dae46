#include "train/options.h"

#include <algorithm>

#include "core/error.h"
#include "data/chat_form.h"
#include "data/prompt.h"
#include "model/load.h"

namespace hyplora {
namespace {

// Far above what anybody trains with, and low enough that products of them (rows x epochs, 50 x rows) fit into 64 bits.
constexpr double most_rows = 1e9, most_steps = 1e12, most_rate = 1e30;

void add_model_fields(Fields& f, TrainOptions& o) {
  f.require("base_model", o.base_model, "Hugging Face checkpoint folder", not_empty())
      .names_files()
      .add("init_base", o.init_base, "random: start from random weights instead of the folder's (with adapter full)",
           one_of({"checkpoint", "random"}))
      .add("dtype", o.dtype, "base weights (auto: bfloat16 on CUDA, float32 on the CPU)", one_of(dtype_choices()))
      .add("quantization", o.quantization, "of the frozen base weights", one_of({"none"}));
  add_adapter_fields(f, o.adapter);
  f.add("curvature_learning_rate", o.curvature_learning_rate, "the curvature's own rate (null: learning_rate)",
        between(0, most_rate))
      .add("init_adapter", o.init_adapter, "adapter folder to start from")
      .names_files();
}

void add_data_fields(Fields& f, TrainOptions& o) {
  f.require("data_path", o.data_path, "file(s) of rows, or folders of them: JSON, JSONL, CSV, TSV, tokenised rows", not_empty())
      .names_files()
      .add("prompt_template", o.prompt_template,
           "a built-in template, \"chat\" (the model's own chat template) or a JSON template file", prompt_template_rule())
      .names_files()
      .add("cutoff_len", o.cutoff_len, "token limit of a row", between(2, most_rows))
      .add("over_length", o.over_length, "what happens to longer rows", one_of({"truncate", "drop", "error"}))
      .add("train_on_inputs", o.train_on_inputs, "false: only the response carries loss")
      .add(
          "chat_loss", o.chat_loss,
          "with the chat template, what carries loss: every turn of the assistant, its last, or all (train_on_inputs, where only "
          "that is given, decides)",
          one_of(chat_losses()))
      .add("chat_day", o.chat_day,
           "with the chat template, the day that it is told, as 2026-11-28 (null: the first launch's in output_dir, or today)")
      .changes_nothing()
      .add(
          "fold_turns", o.fold_turns,
          "conversations of several turns become one instruction with the last answer as output (the chat template keeps them)")
      .add("val_set_size", o.val_set_size, "validation rows split off with the seed (the default: fewer where there are few)",
           between(0, most_rows))
      .add("val_data_path", o.val_data_path, "a validation file of its own (val_set_size is not used then)")
      .names_files()
      .add("shuffle", o.shuffle, "a new order each epoch, from the seed")
      .add("group_by_length", o.group_by_length, "rows of like length side by side")
      .add("packing", o.packing, "several rows in one sequence of at most cutoff_len, without attending across")
      .add("batch_size", o.batch_size, "rows per optimiser step", between(1, most_rows))
      .add("micro_batch_size", o.micro_batch_size, "rows per forward pass", between(1, most_rows));
}

void add_schedule_fields(Fields& f, TrainOptions& o) {
  f.add("num_epochs", o.num_epochs, "passes over the data", between(1, 1e6))
      .add("max_steps", o.max_steps, "optimiser steps; above 0 it wins over num_epochs", between(0, most_steps))
      .add("learning_rate", o.learning_rate, "peak rate", between(0, most_rate))
      .add("lr_scheduler", o.lr_scheduler, "after the warm-up (wsd: constant, then linear over the last tenth)",
           one_of({"linear", "cosine", "constant", "wsd"}))
      .add("warmup_steps", o.warmup_steps, "linear warm-up", between(0, most_steps))
      .add("warmup_ratio", o.warmup_ratio, "warm-up as a share of all steps, where warmup_steps is 0", between(0, 1))
      .add("min_lr_ratio", o.min_lr_ratio, "the rate's floor as a share of the peak", between(0, 1))
      .add("adam_beta1", o.adam_beta1, "AdamW", between(0, 0.999999))
      .add("adam_beta2", o.adam_beta2, "AdamW", between(0, 0.999999999))
      .add("adam_epsilon", o.adam_epsilon, "AdamW", above_to(0, 1))
      .add("weight_decay", o.weight_decay, "AdamW", between(0, 1000))
      .add("max_grad_norm", o.max_grad_norm, "gradient norm is clipped to this; 0: no clipping", between(0, 1e9))
      .add("skip_spikes", o.skip_spikes,
           "leave out the update of a step whose loss or gradient norm is far outside its running spread")
      .add("loss_normalization", o.loss_normalization,
           "tokens: over all supervised tokens of a step; microbatch: mean of means", one_of({"tokens", "microbatch"}))
      .add("gradient_checkpointing", o.gradient_checkpointing, "recompute activations in backward: less memory, more time")
      .changes_nothing()
      .add("seed", o.seed, "of initialisation, order, dropout and split", at_least(0))
      .add("deterministic", o.deterministic, "bitwise the same again on the same machine")
      .changes_nothing();
}

void add_output_fields(Fields& f, TrainOptions& o) {
  f.add("eval_step", o.eval_step, "optimiser steps between validations", between(1, most_steps))
      .changes_nothing()
      .add("eval_on_start", o.eval_on_start, "validate before the first step, too; it counts for no best and no patience")
      .changes_nothing()
      .add("save_step", o.save_step, "optimiser steps between checkpoints", between(1, most_steps))
      .changes_nothing()
      .add("save_total_limit", o.save_total_limit, "newest checkpoints kept, the best one always; 0: all",
           between(0, most_steps))
      .changes_nothing()
      .add("load_best_model_at_end", o.load_best_model_at_end, "the adapter written is the one of the lowest eval_loss")
      .changes_nothing()
      .add("early_stopping_patience", o.early_stopping_patience, "validations without improvement before stopping; 0: never",
           between(0, most_steps))
      .changes_nothing()
      .require("output_dir", o.output_dir, "folder for everything that is written", not_empty())
      .names_files()
      .changes_nothing()
      .add("logging_steps", o.logging_steps, "optimiser steps between progress lines", between(1, most_steps))
      .changes_nothing()
      .add("tensorboard", o.tensorboard, "write TensorBoard event files")
      .changes_nothing()
      .add("resume_from_checkpoint", o.resume_from_checkpoint,
           "auto: newest complete checkpoint in output_dir; never (those of an earlier run there go); or a path", not_empty())
      .names_files()
      .changes_nothing()
      .add("max_hours", o.max_hours, "stop in time, with a checkpoint, before so many hours have passed; 0: no limit",
           between(0, 1e5))
      .changes_nothing();
}

constexpr std::string_view lora_type_assignment = "lora_type=";

/// `lora_type` is another spelling of adapter, hyplora_variant and curvature.
void take_lora_type(Json& config, Fields& fields, const std::string& where) {
  if (!config.is_object() || !config.contains("lora_type")) return;
  if (!config["lora_type"].is_string()) throw InputError("{}: key \"lora_type\": expected a string.", where);
  AdapterOptions spelled;
  apply_lora_type(config["lora_type"].get<std::string>(), spelled, where);
  Json implied{{"adapter", spelled.adapter}};
  if (has_curvature(spelled))
    implied.update(Json{{"hyplora_variant", spelled.hyplora_variant}, {"curvature", spelled.curvature.number}});
  for (const auto& [key, value] : implied.items()) {
    if (config.contains(key) && config[key] != value) {
      throw InputError("{}: key \"{}\": found {}, but lora_type says {}.", where, key, shown(config[key]), shown(value));
    }
  }
  config.erase("lora_type");
  fields.read_object(implied, where);
}

/// The folder of init_adapter shapes the adapter: keys the config leaves out come from it, those it names must agree.
void take_init_adapter(TrainOptions& options, const Fields& fields) {
  if (!options.init_adapter) return;
  AdapterOptions stored = read_adapter_options(*options.init_adapter);
  // What the folder cannot say (whether and how to train on) stays the config's.
  stored.lora_dropout = options.adapter.lora_dropout;
  stored.train_curvature = options.adapter.train_curvature;
  if (has_curvature(stored) && fields.was_read("curvature")) stored.curvature = options.adapter.curvature;
  Fields of_config, of_folder;
  const Json configured = add_adapter_fields(of_config, options.adapter).values(),
             found = add_adapter_fields(of_folder, stored).values();
  for (const auto& [key, value] : found.items()) {
    if (fields.was_read(key) && configured[key] != value) {
      throw InputError("init_adapter {}: {} is {} there, but the config says {}.", *options.init_adapter, key, shown(value),
                       shown(configured[key]));
    }
  }
  options.adapter = stored;
}

void check_combinations(const TrainOptions& o) {
  if (o.batch_size % o.micro_batch_size != 0) {
    throw InputError("batch_size: found {}, expected a multiple of micro_batch_size ({}).", o.batch_size, o.micro_batch_size);
  }
  const bool full = learns_all_weights(o.adapter);
  if (full && o.init_adapter) throw InputError("init_adapter: adapter \"full\" has no adapter to start from; use base_model.");
  if (full && dtype_named(o.dtype, at::kCPU) != at::kFloat) {
    throw InputError("dtype: found \"{}\", expected float32 with adapter \"full\", whose weights all learn.", o.dtype);
  }
  if (!full && o.init_base == "random")
    throw InputError("init_base: \"random\" needs adapter \"full\"; adapters learn on a trained base.");
  check_adapter_options(o.adapter);
}

}  // namespace

Fields train_fields(TrainOptions& options) {
  Fields fields;
  add_model_fields(fields, options);
  add_data_fields(fields, options);
  add_schedule_fields(fields, options);
  add_output_fields(fields, options);
  return fields;
}

TrainOptions read_train_options(Sources sources) {
  TrainOptions options;
  Fields fields = train_fields(options);
  take_lora_type(sources.config, fields, sources.config_file);
  for (const auto& assignment : sources.assignments) {
    if (!assignment.starts_with(lora_type_assignment)) continue;
    Json spelled{{"lora_type", assignment.substr(lora_type_assignment.size())}};
    take_lora_type(spelled, fields, "--set");
  }
  std::erase_if(sources.assignments, [](const std::string& a) { return a.starts_with(lora_type_assignment); });
  fields.read(sources);
  options.val_set_size_given = fields.was_read("val_set_size");
  if (!fields.was_read("curvature")) options.adapter.curvature = default_curvature(options.adapter);
  take_init_adapter(options, fields);
  if (!fields.was_read("train_curvature")) options.adapter.train_curvature = learns_curvature_by_default(options.adapter);
  if (fields.was_read("train_on_inputs") && !fields.was_read("chat_loss") && options.train_on_inputs) options.chat_loss = "all";
  check_combinations(options);
  return options;
}

Json resolved_config(const TrainOptions& options) {
  TrainOptions copy = options;
  return train_fields(copy).values();
}

}  // namespace hyplora

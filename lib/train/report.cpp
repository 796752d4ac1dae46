#include "train/report.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include "core/device.h"
#include "train/loss_plot.h"

namespace hyplora {
namespace {

Json start_line(const TrainingSetup& setup, const TrainingPlan& plan, std::optional<int64_t> resumed_step) {
  Json line{{"event", "start"},
            {"hyplora", HYPLORA_VERSION},
            {"libtorch", TORCH_VERSION},
            {"device", device_text(setup.device)},
            {"threads", at::get_num_threads()},
            {"dtype", dtype_text(setup.dtype)},
            {"seed", setup.options.seed}};
  if (resumed_step) line["resumed_step"] = *resumed_step;
  for (const auto& file : setup.options.data_path.values) line["data"][file] = file_hash(file);
  if (setup.options.val_data_path) line["data"][*setup.options.val_data_path] = file_hash(*setup.options.val_data_path);
  if (setup.tokenizer) line["tokenizer"] = {{setup.tokenizer->file().string(), file_hash(setup.tokenizer->file())}};
  line.update(plan.to_json());
  return line;
}

std::string row(const char* name, const std::string& value) { return fmt::format("| {} | {} |\n", name, value); }

std::string title_text(const TrainOptions& o) {
  if (o.init_base == "random") return "Trained from random weights: " + o.base_model;
  return (o.adapter.adapter == "full" ? "Fine-tune of " : "Adapter of ") + o.base_model;
}

std::string loading_text(const AdapterOptions& o) {
  if (o.adapter == "full") return "This folder is a Hugging Face checkpoint.\n";
  const std::string type = peft_type_of(o);
  if (type == "LORA" || type == "PREFIX_TUNING") return "The folder loads in Hugging Face PEFT and in hyplora (`--adapter`).\n";
  if (type == "BOTTLENECK") return "The folder loads in hyplora (`--adapter`).\n";
  return "A hyperbolic adapter is not linear: it cannot be merged into the base, and it must not be loaded as plain LoRA. It "
         "loads in "
         "hyplora (`--adapter`).\n";
}

std::string model_card(const TrainingSetup& setup, const TrainerState& state, int64_t written_step) {
  const TrainOptions& o = setup.options;
  std::string card = fmt::format("---\nlibrary_name: hyplora\nbase_model: {}\ntags: [{}]\n---\n\n# {}\n\n", o.base_model,
                                 o.adapter.adapter, title_text(o));
  card += "| | |\n|---|---|\n" + row("adapter", adapter_text(o.adapter));
  if (const auto K = setup.adapters.curvature_summary()) {
    card += row("curvature K (least, mean, largest)", fmt::format("{:.4g}, {:.4g}, {:.4g}", (*K)[0], (*K)[1], (*K)[2]));
  }
  card += row("trained parameters", fmt::format("{}", setup.adapters.trained_count()));
  card += row("data", fmt::format("{}", fmt::join(o.data_path.values, ", ")));
  card += row("rows (training, validation)",
              fmt::format("{}, {}", setup.training.examples.size(), setup.validation.examples.size()));
  card += row("steps of which written", fmt::format("{} of {}", written_step, state.step));
  card += row("rows per step, peak rate, schedule", fmt::format("{}, {}, {}", o.batch_size, o.learning_rate, o.lr_scheduler));
  if (state.best_loss) card += row("best validation loss", fmt::format("{:.5f} at step {}", *state.best_loss, state.best_step));
  card += row("time", fmt::format("{:.1f} s on {}", state.seconds, device_text(setup.device)));
  card += row("made with", fmt::format("hyplora {}, LibTorch {}", HYPLORA_VERSION, TORCH_VERSION));
  return card + "\n![loss](loss.svg)\n\n" + loading_text(o.adapter) +
         "\nThe whole configuration is in `config.resolved.json`, every step in `metrics.jsonl`.\n";
}

}  // namespace

Report::Report(const TrainingSetup& setup, const TrainingPlan& plan, std::optional<int64_t> resumed_step)
    : folder_(setup.options.output_dir), metrics_(folder_ / "metrics.jsonl", resumed_step) {
  write_file(folder_ / "config.resolved.json", resolved_config(setup.options).dump(2) + "\n");
  if (setup.options.tensorboard) tensorboard_.emplace(folder_ / "tensorboard");
  metrics_.write(start_line(setup, plan, resumed_step));
}

void Report::step(const StepRecord& record) {
  metrics_.write(record.to_json());
  if (!tensorboard_) return;
  tensorboard_->scalar("train/loss", record.loss, record.step);
  tensorboard_->scalar("train/learning_rate", record.learning_rate, record.step);
  tensorboard_->scalar("train/grad_norm", record.grad_norm, record.step);
  tensorboard_->scalar("train/tokens_per_second", record.tokens_per_second(), record.step);
  if (record.curvature) tensorboard_->scalar("train/curvature_mean", (*record.curvature)[1], record.step);
}

void Report::evaluation(const EvalRecord& record) {
  metrics_.write(record.to_json());
  if (tensorboard_) tensorboard_->scalar("eval/loss", record.eval_loss, record.step);
}

void Report::finish(const TrainingSetup& setup, const TrainerState& state, int64_t written_step) {
  metrics_.write({{"event", "end"},
                  {"steps", state.step},
                  {"seconds", state.seconds},
                  {"written_step", written_step},
                  {"best_eval_loss", state.best_loss ? Json(*state.best_loss) : Json(nullptr)},
                  {"best_step", state.best_loss ? Json(state.best_step) : Json(nullptr)},
                  {"peak_memory_bytes", peak_memory_bytes(setup.device)}});
  write_file(folder_ / "loss.svg", loss_plot(read_metrics(folder_ / "metrics.jsonl")));
  write_file(folder_ / "README.md", model_card(setup, state, written_step));
}

}  // namespace hyplora

#include "train/report.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "core/device.h"
#include "core/log.h"
#include "core/numbers.h"
#include "train/checkpoint_folder.h"
#include "train/model_card.h"
#include "train/plot.h"

namespace hyplora {
namespace {

Json start_line(const TrainingSetup& setup, const TrainingPlan& plan, const Json& fingerprint) {
  Json line{{"event", "start"},
            {"hyplora", HYPLORA_VERSION},
            {"libtorch", TORCH_VERSION},
            {"device", device_text(setup.device)},
            {"threads", at::get_num_threads()},
            {"dtype", dtype_text(setup.dtype)},
            {"seed", setup.options.seed}};
  for (const auto& [name, entry] : fingerprint.items()) {
    if (name.find("data_path") != std::string::npos) line["data"][entry["file"].get<std::string>()] = entry["hash"];
    if (name == "tokenizer") line["tokenizer"] = {{entry["file"].get<std::string>(), entry["hash"]}};
  }
  line["fingerprint"] = fingerprint;
  line.update(plan.to_json());
  return line;
}

/// One line per launch: what is particular to it and says nothing about the training.
Json launch_line(const TrainingSetup& setup, const std::optional<TrainerState>& resumed) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::time_t now = std::time(nullptr);
  return {{"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
          {"host", host.data()},
          {"process", ::getpid()},
          {"hyplora", HYPLORA_VERSION},
          {"device", device_text(setup.device)},
          {"threads", at::get_num_threads()},
          {"resumed_step", resumed ? Json(resumed->step) : Json(nullptr)},
          {"forced", setup.options.force_resume}};
}

}  // namespace

Report::Report(const TrainingSetup& setup, const TrainingPlan& plan, const Json& fingerprint,
               const std::optional<TrainerState>& resumed)
    : folder_(setup.options.output_dir),
      fingerprint_(fingerprint),
      metrics_(folder_ / "metrics.jsonl",
               resumed ? std::optional(Progress{resumed->step, resumed->evaluated_step}) : std::nullopt) {
  write_file(folder_ / "config.resolved.json", json_text(resolved_config(setup.options), 2) + "\n");
  AppendFile(folder_ / "launches.jsonl").append(json_text(launch_line(setup, resumed)) + "\n");
  if (setup.options.tensorboard) tensorboard_.emplace(folder_ / "tensorboard");
  for (const auto& line : metrics_.kept()) show(line);
  if (metrics_.kept().empty()) metrics_.write(start_line(setup, plan, fingerprint));
}

void Report::write(const Json& line) {
  metrics_.write(line);
  show(line);
}

/// The scalars of a metrics line; what is null is no point of a curve.
void Report::show(const Json& line) {
  const auto step = number_in(line, "step");
  if (!tensorboard_ || !step || line.contains("event")) return;
  const auto point = [&](const Json& holder, const char* key, const std::string& tag) {
    if (const auto value = number_in(holder, key)) tensorboard_->scalar(tag, *value, static_cast<int64_t>(*step));
  };
  constexpr std::array<std::array<const char*, 2>, 6> tags{{{"loss", "train/loss"},
                                                            {"learning_rate", "train/learning_rate"},
                                                            {"grad_norm", "train/grad_norm"},
                                                            {"tokens_per_second", "train/tokens_per_second"},
                                                            {"eval_loss", "eval/loss"},
                                                            {"eval_perplexity", "eval/perplexity"}}};
  for (const auto& [key, tag] : tags) point(line, key, tag);
  if (!line.contains("curvature")) return;
  for (const std::string key : {"min", "mean", "max"}) point(line["curvature"], key.c_str(), "train/curvature_" + key);
}

void Report::step(const StepRecord& record, const std::vector<Json>& more) {
  write(record.to_json());
  for (const auto& line : more) write(line);
}

void Report::evaluation(const EvalRecord& record) { write(record.to_json()); }

bool Report::has_start_evaluation() const {
  const auto is_it = [](const Json& line) { return line.contains("eval_loss") && number_in(line, "step") == 0.0; };
  return std::any_of(metrics_.kept().begin(), metrics_.kept().end(), is_it);
}

void Report::finish(const TrainingSetup& setup, const TrainerState& state, int64_t written_step) {
  metrics_.write({{"event", "end"},
                  {"steps", state.step},
                  {"seconds", json_number(state.seconds)},
                  {"written_step", written_step},
                  {"best_eval_loss", json_number(state.best_loss)},
                  {"best_step", state.best_loss ? Json(state.best_step) : Json(nullptr)},
                  {"peak_memory_bytes", peak_memory_bytes(setup.device)}});
  metrics_.sync();
  const auto metrics = read_metrics(folder_ / "metrics.jsonl");
  write_file(folder_ / "loss.svg", loss_plot(metrics));
  if (const auto svg = curvature_plot(metrics)) write_file(folder_ / "curvature.svg", *svg);
  const fs::path card = folder_ / "README.md";
  if (fs::exists(card) && !is_own_card(card))
    return log::warn("{}: is left as it is, since it is no model card of ours", card.string());
  write_file(card, model_card(setup, state, written_step, fingerprint_));
}

}  // namespace hyplora

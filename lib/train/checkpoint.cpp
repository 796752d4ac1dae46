#include "train/checkpoint.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

/// Keys that may differ between the run that saved and the run that resumes: they do not change what is computed.
constexpr std::array free_keys{"output_dir",     "eval_step",       "save_step",  "save_total_limit",        "load_best_model_at_end",
                               "logging_steps",  "tensorboard",     "deterministic", "resume_from_checkpoint", "early_stopping_patience",
                               "gradient_checkpointing"};

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  constexpr std::string_view prefix = "checkpoint-";
  if (!name.starts_with(prefix) || name.size() > prefix.size() + 15) return std::nullopt;
  const std::string digits = name.substr(prefix.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(digits);
}

/// The complete checkpoints of a folder by step.
std::map<int64_t, fs::path> complete_ones(const fs::path& folder) {
  std::map<int64_t, fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto step = step_of(entry.path());
    if (step && !entry.is_symlink() && fs::exists(entry.path() / "COMPLETE")) found[*step] = entry.path();
  }
  return found;
}

void point(const fs::path& link, const fs::path& target) {
  const fs::path aside = link.string() + ".partial";
  std::error_code ignored;
  fs::remove(aside, ignored);
  fs::create_symlink(target.filename(), aside);
  fs::rename(aside, link);
}

Json state_json(const TrainerState& state, const TrainOptions& options) {
  return {{"step", state.step},
          {"best_loss", state.best_loss ? Json(*state.best_loss) : Json(nullptr)},
          {"best_step", state.best_step},
          {"evaluated_step", state.evaluated_step},
          {"evaluations_without_gain", state.evaluations_without_gain},
          {"seconds", state.seconds},
          {"config", resolved_config(options)}};
}

}  // namespace

fs::path Checkpoints::of_step(int64_t step) const { return folder_ / fmt::format("checkpoint-{}", step); }

void Checkpoints::save(const TrainerState& state, const Adapters& adapters, const AdamW& optimizer) const {
  const fs::path final = of_step(state.step), aside = folder_ / fmt::format(".checkpoint-{}.partial", state.step);
  try {
    fs::remove_all(aside);
    fs::create_directory(aside);
    adapters.save(aside, options_.base_model);
    write_safetensors(aside / "optimizer.safetensors", optimizer.state());
    write_file(aside / "trainer_state.json", state_json(state, options_).dump(2) + "\n");
    write_file(aside / "COMPLETE", "");
    fs::remove_all(final);
    fs::rename(aside, final);
    sync_folder(folder_);
    point(folder_ / "latest", final);
    if (state.best_step == state.step && state.best_loss) point(folder_ / "best", final);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(aside, ignored);
    throw RunError("{}: the checkpoint cannot be written: {}.", final.string(), error.code().message());
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove_all(aside, ignored);
    throw;
  }
  remove_old(state);
}

void Checkpoints::remove_old(const TrainerState& state) const {
  if (options_.save_total_limit == 0) return;
  auto all = complete_ones(folder_);
  auto excess = static_cast<int64_t>(all.size()) - options_.save_total_limit;
  for (const auto& [step, path] : all) {
    if (excess <= 0) return;
    if (step == state.step || (state.best_loss && step == state.best_step)) continue;
    std::error_code ignored;
    fs::remove(path / "COMPLETE", ignored);  // first, so that a kill in between leaves none that looks whole
    fs::remove_all(path, ignored);
    --excess;
  }
}

std::optional<fs::path> Checkpoints::to_resume() const {
  const std::string& wish = options_.resume_from_checkpoint;
  if (wish == "never") return std::nullopt;
  if (wish != "auto") {
    if (!fs::exists(fs::path(wish) / "COMPLETE")) {
      throw InputError("resume_from_checkpoint: {} is not a complete checkpoint (it has no file COMPLETE).", wish);
    }
    return wish;
  }
  const auto all = complete_ones(folder_);
  return all.empty() ? std::nullopt : std::optional(all.rbegin()->second);
}

void Checkpoints::check_same_config(const fs::path& state_file, const Json& saved) const {
  const Json now = resolved_config(options_);
  for (const auto& [key, value] : saved.items()) {
    if (std::find(free_keys.begin(), free_keys.end(), key) != free_keys.end()) continue;
    if (!now.contains(key) || now[key] != value) {
      throw InputError(
          "{}: was saved with {} = {}, but the config says {}; set resume_from_checkpoint to \"never\" to start anew, or another "
          "output_dir.",
          state_file.string(), key, value.dump(), now.contains(key) ? now[key].dump() : "nothing");
    }
  }
}

TrainerState Checkpoints::restore(const fs::path& checkpoint, Adapters& adapters, AdamW& optimizer) const {
  const fs::path path = checkpoint / "trainer_state.json";
  const Json saved = read_json(path);
  TrainerState state;
  try {
    check_same_config(path, saved.at("config"));
    state.step = saved.at("step").get<int64_t>();
    if (!saved.at("best_loss").is_null()) state.best_loss = saved.at("best_loss").get<double>();
    state.best_step = saved.at("best_step").get<int64_t>();
    state.evaluated_step = saved.at("evaluated_step").get<int64_t>();
    state.evaluations_without_gain = saved.at("evaluations_without_gain").get<int64_t>();
    state.seconds = saved.at("seconds").get<double>();
  } catch (const Json::exception&) {
    throw InputError("{}: is not the state of a training run.", path.string());
  }
  adapters.restore(checkpoint);
  optimizer.restore(Safetensors::open(checkpoint / "optimizer.safetensors"), state.step);
  return state;
}

}  // namespace hyplora

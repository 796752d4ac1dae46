#include "train/checkpoint.h"

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/log.h"
#include "io/hash.h"
#include "train/fingerprint.h"

namespace hyplora {
namespace {

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  constexpr std::string_view prefix = "checkpoint-";
  if (!name.starts_with(prefix) || name.size() > prefix.size() + 15) return std::nullopt;
  const std::string digits = name.substr(prefix.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(digits);
}

/// Whether a killed run left this: a name of training's own, written aside. Other programs may be writing into the same folder.
bool is_left_over(const std::string& name) {
  constexpr std::array own{".checkpoint-", ".adapter", "metrics.jsonl", "config.resolved.json", "loss.svg", "curvature.svg",
                           "README.md",    "latest",   "best"};
  return name.ends_with(".partial") &&
         std::any_of(own.begin(), own.end(), [&](const char* start) { return name.starts_with(start); });
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

/// A file of a complete checkpoint that is not what was saved: COMPLETE holds the checksums.
std::optional<fs::path> damaged_file(const fs::path& checkpoint) {
  const auto name = first_changed(checkpoint, "COMPLETE");
  return name ? std::optional(checkpoint / *name) : std::nullopt;
}

/// The newest checkpoint of a folder that is what was saved. InputError where there are some, but none such.
std::optional<fs::path> newest_intact(const fs::path& folder) {
  const auto all = complete_ones(folder);
  std::optional<fs::path> damaged;
  for (auto newest = all.rbegin(); newest != all.rend(); ++newest) {
    damaged = damaged_file(newest->second);
    if (!damaged) return newest->second;
    log::warn("{} is passed over: {} is not what was saved there", newest->second.string(), damaged->filename().string());
  }
  if (!damaged) return std::nullopt;
  throw InputError(
      "{}: is not what was saved there (its SHA-256 is another), and there is no other checkpoint; set resume_from_checkpoint "
      "to "
      "\"never\" to start anew.",
      damaged->string());
}

void point(const fs::path& link, const fs::path& target) {
  const fs::path aside = link.string() + ".partial";
  fs::remove(aside);
  fs::create_symlink(target.filename(), aside);
  fs::rename(aside, link);
}

/// The mark goes first, so that a kill in between leaves no checkpoint that looks whole.
void remove_checkpoint(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_symlink(path)) fs::remove(path / "COMPLETE", ignored);
  fs::remove_all(path, ignored);
}

Json state_json(const TrainerState& state, const TrainOptions& options, const Json& fingerprint) {
  return {{"step", state.step},
          {"best_loss", state.best_loss ? Json(*state.best_loss) : Json(nullptr)},
          {"best_step", state.best_step},
          {"evaluated_step", state.evaluated_step},
          {"evaluations_without_gain", state.evaluations_without_gain},
          {"seconds", state.seconds},
          {"spikes", state.spikes.to_json()},
          {"threads", at::get_num_threads()},
          {"config", resolved_config(options)},
          {"fingerprint", fingerprint}};
}

TrainerState state_from(const Json& saved) {
  TrainerState state;
  state.step = saved.at("step").get<int64_t>();
  if (!saved.at("best_loss").is_null()) state.best_loss = saved.at("best_loss").get<double>();
  state.best_step = saved.at("best_step").get<int64_t>();
  state.evaluated_step = saved.at("evaluated_step").get<int64_t>();
  state.evaluations_without_gain = saved.at("evaluations_without_gain").get<int64_t>();
  state.seconds = saved.at("seconds").get<double>();
  state.spikes = SpikeWatch::from_json(saved.at("spikes"));
  return state;
}

/// Whether the run that wrote this checkpoint was itself told to begin with `wish`: then it is the same command's, and goes on.
bool began_with(const fs::path& checkpoint, const std::string& wish) {
  const Json saved = read_json(checkpoint / "trainer_state.json");
  return saved.is_object() && saved.contains("config") && saved["config"].value("resume_from_checkpoint", "") == wish;
}

/// Does the work of a save in a folder that goes again when it fails; turns what the file system says into one sentence.
template <class Work>
void save_aside(const fs::path& aside, const fs::path& final, Work work) {
  std::error_code ignored;
  try {
    if (!fs::is_directory(final.parent_path())) throw RunError("{}: the output folder is gone.", final.parent_path().string());
    fs::remove_all(aside);
    fs::create_directory(aside);
    work();
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(aside, ignored);
    throw RunError("{}: cannot be written: {}.", final.string(), error.code().message());
  } catch (const Error& error) {
    fs::remove_all(aside, ignored);
    throw RunError("{}", error.what());
  }
}

/// Everything in memory is finite and there is something; what the file holds is the same.
void check_saved(const fs::path& path, const NamedTensors& tensors) {
  if (tensors.empty()) throw RunError("{}: there is no tensor to save.", path.string());
  const Safetensors file = Safetensors::open(path);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor here = tensor.detach().cpu(), stored = file.tensor(name);
    if (stored.sizes() != here.sizes() || !at::equal(stored, here)) {
      throw RunError("{}: tensor {}: what was read back differs from what was saved.", path.string(), name);
    }
  }
}

void check_finite(const NamedTensors& tensors, const fs::path& target) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.isfinite().all().item<bool>()) {
      throw RunError(
          "{}: is not written: tensor {} is not finite. A lower learning_rate may help; earlier checkpoints are untouched.",
          target.string(), name);
    }
  }
}

NamedTensors trained_tensors(const Adapters& adapters) {
  NamedTensors named;
  for (const auto& parameter : adapters.trained()) named.emplace_back(parameter.name, parameter.value.detach());
  return named;
}

void write_adapter(const Adapters& adapters, const fs::path& folder, const fs::path& base_model) {
  const NamedTensors trained = trained_tensors(adapters);
  check_finite(trained, folder);
  adapters.save(folder, base_model);
  check_saved(folder / weights_file(adapters.options()), trained);
}

}  // namespace

fs::path Checkpoints::of_step(int64_t step) const { return folder_ / fmt::format("checkpoint-{}", step); }

void Checkpoints::save(const TrainerState& state, const Adapters& adapters, const AdamW& optimizer) const {
  const fs::path final = of_step(state.step), aside = folder_ / fmt::format(".checkpoint-{}.partial", state.step);
  save_aside(aside, final, [&] {
    write_adapter(adapters, aside, options_.base_model);
    const NamedTensors moments = optimizer.state();
    check_finite(moments, final);
    write_safetensors(aside / "optimizer.safetensors", moments);
    check_saved(aside / "optimizer.safetensors", moments);
    write_file(aside / "trainer_state.json", state_json(state, options_, identity_.files).dump(2) + "\n");
    write_file(aside / "COMPLETE", checksum_lines(aside));
    replace_folder(aside, final);
    sync_folder(folder_);
    point_links(state);
  });
  remove_old(state);
}

void Checkpoints::point_links(const TrainerState& state) const {
  if (fs::exists(of_step(state.step))) point(folder_ / "latest", of_step(state.step));
  if (state.best_loss && fs::exists(of_step(state.best_step))) point(folder_ / "best", of_step(state.best_step));
}

void Checkpoints::remove_old(const TrainerState& state) const {
  if (options_.save_total_limit == 0) return;
  auto all = complete_ones(folder_);
  auto excess = static_cast<int64_t>(all.size()) - options_.save_total_limit;
  for (const auto& [step, path] : all) {
    if (excess <= 0) return;
    if (step == state.step || (state.best_loss && step == state.best_step)) continue;
    remove_checkpoint(path);
    --excess;
  }
}

void Checkpoints::clean(const std::optional<TrainerState>& resumed) const {
  int64_t removed = 0;
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(folder_)) all.push_back(entry.path());
  for (const auto& path : all) {
    const std::string name = path.filename();
    const auto step = fs::is_symlink(path) ? std::nullopt : step_of(path);
    const bool half = is_left_over(name) || (step && !fs::exists(path / "COMPLETE"));
    const bool other = step && (!resumed || *step > resumed->step);
    const bool dangling = (name == "latest" || name == "best") && fs::is_symlink(path) && !resumed;
    if (half || other)
      log::info("{}: removed, since {}", path.string(), half ? "it was left half-written" : "this run starts before it");
    if (!half && !other && !dangling) continue;
    remove_checkpoint(path);
    ++removed;
  }
  if (resumed) point_links(*resumed);
  if (removed > 0) sync_folder(folder_);
}

std::optional<fs::path> Checkpoints::to_resume() const {
  const std::string& wish = options_.resume_from_checkpoint;
  if (wish == "never") return std::nullopt;
  const auto newest = newest_intact(folder_);
  if (wish == "auto" || (newest && began_with(*newest, wish))) return newest;
  if (!fs::exists(fs::path(wish) / "COMPLETE")) {
    throw InputError("resume_from_checkpoint: {} is not a complete checkpoint (it has no file COMPLETE).", wish);
  }
  if (const auto damaged = damaged_file(wish)) {
    throw InputError(
        "resume_from_checkpoint: {}: is not what was saved there (its SHA-256 is another); name another checkpoint.",
        damaged->string());
  }
  return wish;
}

void Checkpoints::check_same_run(const fs::path& state_file, const Json& saved) const {
  std::vector<std::string> found;
  for (const auto& d : differences(saved_identity(saved.at("config"), saved.at("fingerprint"), identity_), identity_))
    found.push_back(clause(d));
  if (!found.empty() && !options_.force_resume) {
    throw InputError(
        "{}: was saved with {}; set resume_from_checkpoint to \"never\" to start anew, or another output_dir, or go on all the "
        "same "
        "with --force-resume.",
        state_file.string(), fmt::join(found, "; with "));
  }
  for (const auto& text : found) log::warn("{}: was saved with {}; going on as --force-resume says", state_file.string(), text);
  const int threads = saved.at("threads").get<int>();
  if (threads != at::get_num_threads()) {
    log::warn("saved with {} threads, going on with {}: sums may round differently", threads, at::get_num_threads());
  }
}

/// A checkpoint of another folder: the best one so far is fetched from beside it, or else forgotten.
void Checkpoints::adopt_best(const fs::path& checkpoint, TrainerState& state) const {
  if (!state.best_loss || fs::exists(of_step(state.best_step) / "COMPLETE")) return;
  const fs::path source = fs::canonical(checkpoint).parent_path() / of_step(state.best_step).filename();
  if (fs::exists(source / "COMPLETE") && !damaged_file(source)) {
    const fs::path aside = folder_ / ".checkpoint-best.partial";
    fs::remove_all(aside);
    fs::create_directory(aside);
    for (const auto& entry : fs::directory_iterator(source)) {
      const auto file = MappedFile::open(entry.path());
      write_file(aside / entry.path().filename(), std::string_view(reinterpret_cast<const char*>(file->data()), file->size()));
    }
    replace_folder(aside, of_step(state.best_step));
    return;
  }
  log::warn("{} is gone or damaged: the best validation loss so far is forgotten", of_step(state.best_step).string());
  state.best_loss.reset();
}

TrainerState Checkpoints::restore(const fs::path& checkpoint, Adapters& adapters, AdamW& optimizer) const {
  const fs::path path = checkpoint / "trainer_state.json";
  const Json saved = read_json(path);
  TrainerState state;
  try {
    check_same_run(path, saved);
    state = state_from(saved);
  } catch (const Json::exception&) {
    throw InputError("{}: is not the state of a training run.", path.string());
  }
  adapters.restore(checkpoint);
  optimizer.restore(Safetensors::open(checkpoint / "optimizer.safetensors"));
  adopt_best(checkpoint, state);
  return state;
}

void Checkpoints::restore_best(const TrainerState& state, Adapters& adapters) const {
  const fs::path best = of_step(state.best_step);
  if (const auto damaged = damaged_file(best)) {
    throw InputError(
        "{}: is not what was saved there (its SHA-256 is another); set load_best_model_at_end to false to take the last step's "
        "weights.",
        damaged->string());
  }
  adapters.restore(best);
}

void save_adapter(const Adapters& adapters, const fs::path& folder, const fs::path& base_model) {
  const fs::path aside = folder / ".adapter.partial";
  save_aside(aside, folder / "adapter", [&] {
    write_adapter(adapters, aside, base_model);
    for (const auto& entry : fs::directory_iterator(aside)) fs::rename(entry.path(), folder / entry.path().filename());
    fs::remove_all(aside);
    sync_folder(folder);
  });
}

}  // namespace hyplora

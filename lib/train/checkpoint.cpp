#include "train/checkpoint.h"

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "data/prompt_record.h"
#include "io/hash.h"
#include "train/checkpoint_folder.h"
#include "train/fingerprint.h"
#include "train/loss_scale.h"

namespace hyplora {
namespace {

/// The newest checkpoint of a folder that is what was saved. InputError where there are some, but none such.
std::optional<fs::path> newest_intact(const fs::path& folder) {
  const auto all = own_checkpoints(folder);
  std::optional<std::string> damaged;
  for (auto newest = all.rbegin(); newest != all.rend(); ++newest) {
    damaged = damaged_file(newest->second);
    if (!damaged) return newest->second;
    log::warn("{} is passed over: {} is not what was saved there", newest->second.string(), *damaged);
  }
  if (!damaged) return std::nullopt;
  throw InputError(
      "{}: is not what was saved there (its SHA-256 is another, or a line is missing), and there is no other checkpoint; set "
      "resume_from_checkpoint to \"never\" to start anew.",
      (all.begin()->second / *damaged).string());
}

void point(const fs::path& link, const fs::path& target) {
  if (!may_be_link(link)) return log::warn("{}: is left as it is, since it is no link of this program's", link.string());
  const fs::path aside = link.string() + ".partial";
  fs::remove(aside);
  fs::create_symlink(target.filename(), aside);
  fs::rename(aside, link);
}

/// What was saved before the state, so that a list of checksums that lost lines is noticed.
Json files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

Json state_json(const TrainerState& state, const TrainOptions& options, const Json& fingerprint) {
  Json saved{{"step", state.step},
             {"best_loss", state.best_loss ? Json(*state.best_loss) : Json(nullptr)},
             {"best_step", state.best_step},
             {"evaluated_step", state.evaluated_step},
             {"evaluations_without_gain", state.evaluations_without_gain},
             {"seconds", state.seconds},
             {"spikes", state.spikes.to_json()},
             {"threads", at::get_num_threads()},
             {"config", resolved_config(options)},
             {"fingerprint", fingerprint}};
  if (!state.loss_scale.is_null()) saved["loss_scale"] = state.loss_scale;
  return saved;
}

TrainerState state_from(const Json& saved, const std::string& where) {
  TrainerState state;
  const Rule count = between(0, 1e15);
  Fields fields;
  fields.require("step", state.step, "optimiser steps done", count)
      .require("best_loss", state.best_loss, "best validation loss")
      .require("best_step", state.best_step, "its step", count)
      .require("evaluated_step", state.evaluated_step, "step of the last validation", count)
      .require("evaluations_without_gain", state.evaluations_without_gain, "since the best", count)
      .require("seconds", state.seconds, "time of training", at_least(0));
  Json known = Json::object();
  for (const Field& field : fields.all()) {
    if (saved.contains(field.name)) known[field.name] = saved[field.name];
  }
  fields.read_object(known, where);
  fields.check_required(where);
  try {
    state.spikes = SpikeWatch::from_json(saved.value("spikes", Json()));
  } catch (const Json::exception&) {
    throw InputError("{}: key \"spikes\": found {}, expected losses and grad_norms.", where,
                     shown(saved.value("spikes", Json())));
  }
  state.loss_scale = saved.value("loss_scale", Json());
  if (!LossScale::reads(state.loss_scale))
    throw InputError("{}: key \"loss_scale\": found {}, expected scale and finite_steps.", where, shown(state.loss_scale));
  return state;
}

/// What identifies the run that saved it, and how it ran.
void require_identity(const Json& saved, const std::string& where) {
  if (!saved.is_object()) throw InputError("{}: expected a JSON object.", where);
  for (const char* key : {"config", "fingerprint"}) {
    if (!saved.value(key, Json()).is_object())
      throw InputError("{}: key \"{}\": found {}, expected an object.", where, key, shown(saved.value(key, Json())));
  }
  if (!saved.value("threads", Json()).is_number_integer())
    throw InputError("{}: key \"threads\": found {}, expected an integer.", where, shown(saved.value("threads", Json())));
}

/// Whether the run that wrote this checkpoint was itself told to begin with `wish`: then it is the same command's, and goes on.
bool began_with(const fs::path& checkpoint, const std::string& wish) {
  const Json saved = read_json(checkpoint / "trainer_state.json");
  return saved.is_object() && saved.contains("config") && saved["config"].is_object() &&
         saved["config"].value("resume_from_checkpoint", Json()) == Json(wish);
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

void put_into_place(const fs::path& aside, const fs::path& final) {
  if (fs::exists(fs::symlink_status(final))) {
    if (!is_own_checkpoint(final)) throw RunError("{}: is in the way and no checkpoint of this program's.", final.string());
    keep_strangers(final);
  }
  replace_folder(aside, final);
}

NamedTensors trained_tensors(const Adapters& adapters) {
  NamedTensors named;
  for (const auto& parameter : adapters.trained()) named.emplace_back(parameter.name, parameter.value.detach());
  return named;
}

}  // namespace

void Checkpoints::write_adapter(const Adapters& adapters, const fs::path& folder) const {
  const NamedTensors trained = trained_tensors(adapters);
  check_finite(trained, folder);
  adapters.save(folder, options_.base_model);
  check_saved(folder / weights_file(adapters.options()), trained);
  if (!prompts_.is_null()) write_file(folder / prompt_record_file, json_text(prompts_, 2) + "\n");
}

fs::path Checkpoints::of_step(int64_t step) const { return checkpoint_of_step(folder_, step); }

void Checkpoints::save(const TrainerState& state, const Adapters& adapters, const AdamW& optimizer) const {
  const fs::path final = of_step(state.step), aside = aside_of_step(folder_, state.step);
  save_aside(aside, final, [&] {
    write_adapter(adapters, aside);
    const NamedTensors moments = optimizer.state();
    check_finite(moments, final);
    write_safetensors(aside / "optimizer.safetensors", moments);
    check_saved(aside / "optimizer.safetensors", moments);
    Json saved = state_json(state, options_, identity_.files);
    saved["files"] = files_in(aside);
    write_file(aside / "trainer_state.json", json_text(saved, 2) + "\n");
    write_file(aside / "COMPLETE", checksum_lines(aside));
    put_into_place(aside, final);
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
  const auto all = own_checkpoints(folder_);
  auto excess = static_cast<int64_t>(all.size()) - options_.save_total_limit;
  for (const auto& [step, path] : all) {
    if (excess <= 0) return;
    if (step == state.step || (state.best_loss && step == state.best_step)) continue;
    remove_checkpoint(path);
    --excess;
  }
}

void Checkpoints::clean(const std::optional<TrainerState>& resumed) const {
  int64_t removed = remove_left_overs(folder_);
  std::vector<fs::path> later;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const auto step = step_of(entry.path());
    if (step && is_own_checkpoint(entry.path()) && (!resumed || *step > resumed->step)) later.push_back(entry.path());
  }
  for (const auto& path : later) {
    log::info("{}: removed, since this run starts before it", path.string());
    remove_checkpoint(path);
    ++removed;
  }
  for (const char* link : {"latest", "best"}) {
    if (resumed || !fs::is_symlink(folder_ / link) || !may_be_link(folder_ / link)) continue;
    fs::remove(folder_ / link);
    ++removed;
  }
  if (resumed) point_links(*resumed);
  if (removed > 0) sync_folder(folder_);
}

void Checkpoints::require_free(int64_t resumed_step, int64_t steps) const {
  std::vector<std::string> files{"metrics.jsonl", prompt_record_file, weights_file(options_.adapter)};
  files.emplace_back(learns_all_weights(options_.adapter) ? "config.json" : "adapter_config.json");
  hyplora::require_free(folder_, {resumed_step + 1, steps, options_.save_step, files});
}

std::optional<fs::path> Checkpoints::to_resume() const {
  const std::string& wish = options_.resume_from_checkpoint;
  if (wish == "never") return std::nullopt;
  const auto newest = newest_intact(folder_);
  if (wish == "auto" || (newest && began_with(*newest, wish))) return newest;
  if (!fs::is_regular_file(fs::path(wish) / "COMPLETE")) {
    throw InputError("resume_from_checkpoint: {} is not a complete checkpoint (it has no file COMPLETE).", wish);
  }
  if (const auto damaged = damaged_file(wish)) {
    throw InputError(
        "resume_from_checkpoint: {}: is not what was saved there (its SHA-256 is another, or a line is missing); name another "
        "checkpoint.",
        (fs::path(wish) / *damaged).string());
  }
  return wish;
}

void Checkpoints::check_same_run(const fs::path& state_file, const Json& saved) const {
  require_identity(saved, state_file.string());
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
  const auto threads = saved["threads"].get<int64_t>();
  if (threads != at::get_num_threads()) {
    log::warn("saved with {} threads, going on with {}: sums may round differently", threads, at::get_num_threads());
  }
}

/// A checkpoint of another folder: the best one so far is fetched from beside it, or else forgotten.
void Checkpoints::adopt_best(const fs::path& checkpoint, TrainerState& state) const {
  if (!state.best_loss || fs::exists(of_step(state.best_step) / "COMPLETE")) return;
  const fs::path source = fs::canonical(checkpoint).parent_path() / of_step(state.best_step).filename();
  const bool in_the_way =
      fs::exists(fs::symlink_status(of_step(state.best_step))) && !is_own_checkpoint(of_step(state.best_step));
  if (!in_the_way && fs::exists(source / "COMPLETE") && !damaged_file(source)) {
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
  log::warn("{} is gone, damaged or another's: the best validation loss so far is forgotten",
            of_step(state.best_step).string());
  state.best_loss.reset();
}

TrainerState Checkpoints::check_state(const fs::path& checkpoint) const {
  const fs::path path = checkpoint / "trainer_state.json";
  const Json saved = read_json(path);
  check_same_run(path, saved);
  return state_from(saved, path.string());
}

TrainerState Checkpoints::restore(const fs::path& checkpoint, Adapters& adapters, AdamW& optimizer) const {
  TrainerState state = check_state(checkpoint);
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
        (best / *damaged).string());
  }
  adapters.restore(best);
}

void Checkpoints::save_adapter(const Adapters& adapters) const {
  const fs::path aside = folder_ / ".adapter.partial";
  save_aside(aside, folder_ / "adapter", [&] {
    write_adapter(adapters, aside);
    if (prompts_.is_null()) fs::remove(folder_ / prompt_record_file);  // an earlier run's, which learnt from texts
    for (const auto& entry : fs::directory_iterator(aside)) fs::rename(entry.path(), folder_ / entry.path().filename());
    fs::remove_all(aside);
    sync_folder(folder_);
  });
}

}  // namespace hyplora

#include "train/checkpoint_folder.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "io/hash.h"

namespace hyplora {
namespace {

constexpr const char *mark = "COMPLETE", *state_file = "trainer_state.json", *partial = ".partial";

/// The digits in <prefix><digits><suffix>, as a number.
std::optional<int64_t> number_between(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) return std::nullopt;
  const std::string_view digits = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  const bool canonical = digits.size() == 1 || digits.front() != '0';
  if (digits.size() > 15 || !canonical || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  return std::stoll(std::string(digits));
}

bool is_plain_folder(const fs::path& path) { return fs::symlink_status(path).type() == fs::file_type::directory; }
bool is_plain_file(const fs::path& path) { return fs::symlink_status(path).type() == fs::file_type::regular; }

/// The state that this program saved there; null where it is none.
Json own_state(const fs::path& checkpoint) {
  if (!is_plain_file(checkpoint / state_file)) return {};
  const Json state = try_json(read_file(checkpoint / state_file)).value_or(Json());
  const bool ours = state.is_object() && state.contains("config") && state.contains("fingerprint");
  return ours ? state : Json();
}

std::set<std::string> listed_files(const fs::path& checkpoint) {
  return is_plain_file(checkpoint / mark) ? listed_names(checkpoint / mark) : std::set<std::string>();
}

/// What the state says was saved with it.
std::set<std::string> files_of(const Json& state) {
  std::set<std::string> names{state_file, "optimizer.safetensors"};
  if (!state.is_object() || !state.contains("files") || !state["files"].is_array()) return names;
  for (const Json& name : state["files"]) {
    if (name.is_string()) names.insert(name.get<std::string>());
  }
  return names;
}

/// A name of training's own, written aside.
bool is_left_over(const fs::path& path) {
  const std::string name = path.filename();
  if (name == "latest.partial" || name == "best.partial") return fs::is_symlink(path);
  if (name == ".adapter.partial" || name == ".checkpoint-best.partial" || number_between(name, ".checkpoint-", partial))
    return is_plain_folder(path);
  constexpr std::array written{"metrics.jsonl", "config.resolved.json", "loss.svg", "curvature.svg", "README.md"};
  return is_plain_file(path) &&
         std::any_of(written.begin(), written.end(), [&](const char* file) { return name == std::string(file) + partial; });
}

/// A name beside the checkpoint that is not taken.
fs::path place_for_strangers(const fs::path& checkpoint) {
  const std::string name = checkpoint.filename();
  const auto removed = number_between(name, ".checkpoint-", partial);  // a removal that was cut off
  const std::string base = (removed ? fmt::format("checkpoint-{}", *removed) : name) + "-kept";
  fs::path place = checkpoint.parent_path() / base;
  for (int i = 2; fs::exists(fs::symlink_status(place)); ++i) place = checkpoint.parent_path() / fmt::format("{}-{}", base, i);
  return place;
}

/// metrics.jsonl of a run of this program; its first line may have been cut off.
bool has_own_metrics(const fs::path& folder) {
  const fs::path file = folder / "metrics.jsonl";
  return is_plain_file(file) && read_file(file).starts_with(R"({"event":"start")");
}

}  // namespace

std::optional<int64_t> step_of(const fs::path& path) { return number_between(path.filename().string(), "checkpoint-", ""); }

fs::path checkpoint_of_step(const fs::path& folder, int64_t step) { return folder / fmt::format("checkpoint-{}", step); }

fs::path aside_of_step(const fs::path& folder, int64_t step) { return folder / fmt::format(".checkpoint-{}{}", step, partial); }

bool is_own_checkpoint(const fs::path& path) {
  if (!step_of(path) || !is_plain_folder(path)) return false;
  return listed_files(path).count(state_file) > 0 || !own_state(path).is_null();
}

std::map<int64_t, fs::path> own_checkpoints(const fs::path& folder) {
  std::map<int64_t, fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_own_checkpoint(entry.path()) && fs::exists(entry.path() / mark)) found[*step_of(entry.path())] = entry.path();
  }
  return found;
}

std::optional<std::string> damaged_file(const fs::path& checkpoint) {
  if (const auto changed = first_changed(checkpoint, mark)) return changed;
  const std::set<std::string> listed = listed_files(checkpoint);
  const std::set<std::string> saved = files_of(own_state(checkpoint));
  const bool all = std::includes(listed.begin(), listed.end(), saved.begin(), saved.end());
  return all ? std::nullopt : std::optional<std::string>(mark);
}

void keep_strangers(const fs::path& checkpoint) {
  std::set<std::string> own = listed_files(checkpoint);
  own.merge(files_of(own_state(checkpoint)));
  own.insert(mark);
  std::vector<fs::path> strangers;
  for (const auto& entry : fs::directory_iterator(checkpoint)) {
    if (own.count(entry.path().filename()) == 0) strangers.push_back(entry.path());
  }
  if (strangers.empty()) return;
  const fs::path place = place_for_strangers(checkpoint);
  fs::create_directory(place);
  for (const auto& path : strangers) fs::rename(path, place / path.filename());
  log::warn("{}: what lay there and is no part of the checkpoint is now in {}", checkpoint.string(), place.string());
}

void remove_checkpoint(const fs::path& checkpoint) {
  std::error_code ignored;
  keep_strangers(checkpoint);
  const fs::path aside = aside_of_step(checkpoint.parent_path(), *step_of(checkpoint));
  fs::remove_all(aside, ignored);
  fs::rename(checkpoint, aside, ignored);
  fs::remove_all(aside, ignored);
}

int64_t remove_left_overs(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_left_over(entry.path())) found.push_back(entry.path());
  }
  std::error_code ignored;
  for (const auto& path : found) {
    log::info("{}: removed, since it was left half-written", path.string());
    fs::remove_all(path, ignored);
  }
  return static_cast<int64_t>(found.size());
}

bool may_be_link(const fs::path& path) {
  if (!fs::exists(fs::symlink_status(path))) return true;
  return fs::is_symlink(path) && step_of(fs::read_symlink(path)) && !fs::read_symlink(path).has_parent_path();
}

bool is_own_card(const fs::path& readme) {
  return is_plain_file(readme) && read_file(readme).starts_with("---\nlibrary_name: hyplora\n");
}

void require_free(const fs::path& folder, const PlannedWrites& planned) {
  if (!fs::is_directory(folder)) return;
  const bool earlier_run = has_own_metrics(folder);
  for (const std::string& file : planned.files) {
    const fs::path path = folder / file;
    if (!fs::exists(fs::symlink_status(path))) continue;
    if (is_plain_file(path) && (earlier_run || fs::is_empty(path))) continue;  // a kill may leave an empty one
    throw InputError("{}: is there and was not written by a training run of this program; choose another output_dir.",
                     path.string());
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto step = step_of(entry.path());
    if (!step || *step < planned.first || *step > planned.last || is_own_checkpoint(entry.path())) continue;
    if (*step % planned.every != 0 && *step != planned.last) continue;
    throw InputError("{}: is no checkpoint of this program, which is to write one there; choose another output_dir.",
                     entry.path().string());
  }
}

}  // namespace hyplora

#include "train/fingerprint.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "io/checkpoint.h"
#include "io/hash.h"

namespace hyplora {
namespace {

/// Keys that may differ between the run that saved and the run that resumes: they do not change what is computed, or (the
/// paths) are compared by what is there.
constexpr std::array free_keys{"output_dir",
                               "eval_step",
                               "save_step",
                               "save_total_limit",
                               "load_best_model_at_end",
                               "logging_steps",
                               "tensorboard",
                               "deterministic",
                               "resume_from_checkpoint",
                               "early_stopping_patience",
                               "gradient_checkpointing",
                               "max_hours",
                               "base_model",
                               "data_path",
                               "val_data_path",
                               "init_adapter"};

Json entry(const fs::path& file) { return {{"file", file.string()}, {"hash", file_hash(file)}}; }

/// Headers whole, and of each tensor its first, middle and last bytes.
std::string weights_hash(const fs::path& folder) {
  constexpr size_t sample = 4096;
  const CheckpointFiles files = CheckpointFiles::open(folder);
  Hash hash;
  for (const auto& name : files.names()) {
    const TensorInfo& info = files.info(name);
    hash.add(fmt::format("{} {} {}\n", name, info.dtype, fmt::join(info.shape, ",")));
    const size_t size = info.end - info.begin, middle = size / 2;
    hash.add(files.file_of(name).bytes(info.begin, std::min(size, sample)));
    hash.add(files.file_of(name).bytes(info.begin + middle, std::min(size - middle, sample)));
    hash.add(files.file_of(name).bytes(info.end - std::min(size, sample), std::min(size, sample)));
  }
  return hash.text();
}

std::string rows_hash(const TrainingSetup& setup) {
  Hash hash;
  for (const auto* set : {&setup.training, &setup.validation}) {
    for (const auto& example : set->examples) {
      const auto size = static_cast<int64_t>(example.ids.size());
      hash.add(&size, sizeof size);
      for (const Ids* ids : {&example.ids, &example.labels}) hash.add(ids->data(), ids->size() * sizeof(int64_t));
    }
  }
  return hash.text();
}

void add_tokenizer(const TrainingSetup& setup, Json& found) {
  if (!setup.tokenizer) return;
  found["tokenizer"] = entry(setup.tokenizer->file());
  const fs::path config = setup.tokenizer->file().parent_path() / "tokenizer_config.json";
  if (fs::exists(config)) found["tokenizer_config"] = entry(config);
}

}  // namespace

Json fingerprint(const TrainingSetup& setup) {
  const TrainOptions& o = setup.options;
  Json found = Json::object();
  for (size_t i = 0; i < o.data_path.values.size(); ++i) found[fmt::format("data_path[{}]", i)] = entry(o.data_path.values[i]);
  if (o.val_data_path) found["val_data_path"] = entry(*o.val_data_path);
  found["rows"] = {{"hash", rows_hash(setup)}};
  add_tokenizer(setup, found);
  found["base config"] = entry(fs::path(o.base_model) / "config.json");
  if (o.init_base == "checkpoint") found["base weights"] = {{"file", o.base_model}, {"hash", weights_hash(o.base_model)}};
  if (o.init_adapter) {
    const fs::path weights = fs::path(*o.init_adapter) / "adapter_model.safetensors";
    if (fs::exists(weights)) found["init_adapter"] = entry(weights);
  }
  return found;
}

std::vector<std::string> differences(const Json& saved_config, const Json& config, const Json& saved_fingerprint,
                                     const Json& fingerprint) {
  std::vector<std::string> clauses;
  for (const auto& [key, value] : saved_config.items()) {
    if (std::find(free_keys.begin(), free_keys.end(), key) != free_keys.end()) continue;
    if (config.contains(key) && config[key] == value) continue;
    clauses.push_back(fmt::format("{} = {}, but the config says {}", key, value.dump(),
                                  config.contains(key) ? config[key].dump() : "nothing"));
  }
  const auto hash = [](const Json& all, const std::string& name) {
    return all.contains(name) ? all.at(name).at("hash").get<std::string>() : std::string("none");
  };
  Json names = saved_fingerprint;
  names.update(fingerprint);
  for (const auto& [name, value] : names.items()) {
    const std::string before = hash(saved_fingerprint, name), now = hash(fingerprint, name);
    if (before == now) continue;
    clauses.push_back(fmt::format("{} of hash {}, but {} has hash {}", name == "rows" ? "tokenised rows" : name, before,
                                  value.contains("file") ? value["file"].get<std::string>() : "what there is now", now));
  }
  return clauses;
}

}  // namespace hyplora

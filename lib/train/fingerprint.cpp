#include "train/fingerprint.h"

#include <algorithm>

#include "core/error.h"
#include "io/checkpoint.h"
#include "io/hash.h"

namespace hyplora {
namespace {

/// Headers whole, and of each tensor its first, middle and last bytes.
std::string weights_hash(const fs::path& folder) {
  constexpr size_t sample = 4096;  // a page, which is what the disk reads for any byte of it
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

}  // namespace

Identity run_identity(const TrainingSetup& setup) {
  TrainOptions options = setup.options;
  Identity found = identity_of(train_fields(options));
  found.files["rows"] = {{"hash", rows_hash(setup)}};
  if (setup.tokenizer) {
    for (const auto& [name, file] : setup.tokenizer->files()) found.add_file(name, file);
  }
  const fs::path base = options.base_model;
  found.add_file("base config", base / "config.json");
  if (options.init_base == "checkpoint") found.files["base weights"] = {{"file", base.string()}, {"hash", weights_hash(base)}};
  if (options.init_adapter) found.add_file("init_adapter", fs::path(*options.init_adapter) / "adapter_model.safetensors");
  return found;
}

Identity saved_identity(const Json& config, const Json& files, const Identity& now) {
  Identity saved{Json::object(), files};
  TrainOptions options;
  const Json defaults = train_fields(options).values();  // of keys that an earlier version did not have
  for (const auto& [key, unused] : now.values.items()) saved.values[key] = config.value(key, defaults.value(key, Json()));
  return saved;
}

std::string clause(const Difference& d) {
  const auto hash = [](const Json& value) { return value.is_string() ? value.get<std::string>() : std::string("none"); };
  const auto told = [](const Json& value) { return value.is_null() ? std::string("nothing") : json_text(value); };
  if (!d.is_file) return fmt::format("{} = {}, but the config says {}", d.told_name(), told(d.before), told(d.now));
  return fmt::format("{} of hash {}, but {} has hash {}", d.name == "rows" ? "tokenised rows" : d.told_name(), hash(d.before),
                     d.file.empty() ? "what there is now" : d.file, hash(d.now));
}

}  // namespace hyplora

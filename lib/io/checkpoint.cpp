#include "io/checkpoint.h"

#include <set>

#include "core/error.h"

namespace hyplora {
namespace {

std::map<std::string, std::string> read_index(const fs::path& path) {
  const auto index = read_json(path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw InputError("{}: expected an object with \"weight_map\", from tensor names to file names.", path.string());
  }
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) {
    if (!file.is_string() || file.get<std::string>().find('/') != std::string::npos) {
      throw InputError("{}: weight_map: tensor {}: found {}, expected a file name.", path.string(), name, shown(file));
    }
    files[name] = file;
  }
  return files;
}

/// For a folder that holds its weights in another format, how to get this one.
std::string way_out(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".gguf"))
      return fmt::format(
          "; {} is llama.cpp's format: transformers' from_pretrained(folder, gguf_file=\"{}\") and save_pretrained write it as "
          "safetensors",
          name, name);
    if (name.starts_with("pytorch_model") && name.ends_with(".bin"))
      return fmt::format("; {} is a pickle: transformers' from_pretrained and save_pretrained write it as safetensors", name);
  }
  return "";
}

}  // namespace

CheckpointFiles CheckpointFiles::open(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  CheckpointFiles opened;
  opened.folder_ = folder;
  std::map<std::string, std::string> listed;
  if (fs::exists(single)) {
    opened.files_.push_back(Safetensors::open(single));
  } else if (fs::exists(index)) {
    listed = read_index(index);
    std::set<std::string> shards;
    for (const auto& [name, file] : listed) shards.insert(file);
    for (const auto& shard : shards) opened.files_.push_back(Safetensors::open(folder / shard));
  } else {
    throw InputError("{}: neither model.safetensors nor model.safetensors.index.json is there{}.", folder.string(),
                     way_out(folder));
  }
  for (size_t i = 0; i < opened.files_.size(); ++i) {
    for (const auto& [name, info] : opened.files_[i].tensors()) {
      if (!opened.where_.emplace(name, i).second) {
        throw InputError("{}: tensor {} stands in another shard too.", opened.files_[i].path().string(), name);
      }
    }
  }
  for (const auto& [name, file] : listed) {
    const auto place = opened.where_.find(name);
    if (place == opened.where_.end() || opened.files_[place->second].path().filename() != file) {
      throw InputError("{}: tensor {} is not in {}, where the index puts it.", index.string(), name, file);
    }
  }
  return opened;
}

std::vector<std::string> CheckpointFiles::names() const {
  std::vector<std::string> all;
  for (const auto& [name, file] : where_) all.push_back(name);
  return all;
}

const Safetensors& CheckpointFiles::file_of(const std::string& name) const {
  const auto place = where_.find(name);
  if (place == where_.end()) throw InputError("{}: tensor {} is missing.", folder_.string(), name);
  return files_[place->second];
}

size_t CheckpointFiles::total_bytes() const {
  size_t bytes = 0;
  for (const auto& [name, file] : where_) bytes += info(name).end - info(name).begin;
  return bytes;
}

}  // namespace hyplora

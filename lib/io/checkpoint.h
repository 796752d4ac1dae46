// A Hugging Face checkpoint folder's weights: model.safetensors, or the shards that model.safetensors.index.json lists.
#pragma once

#include "io/safetensors.h"

namespace hyplora {

class CheckpointFiles {
 public:
  /// InputError when neither file is there, a shard is missing, or a tensor stands in two shards or not where the index says.
  static CheckpointFiles open(const fs::path& folder);

  const fs::path& folder() const { return folder_; }
  bool contains(const std::string& name) const { return where_.count(name) != 0; }
  std::vector<std::string> names() const;
  const TensorInfo& info(const std::string& name) const { return file_of(name).tensors().at(name); }
  /// The file that holds the tensor, for messages.
  const Safetensors& file_of(const std::string& name) const;
  size_t total_bytes() const;

 private:
  fs::path folder_;
  std::vector<Safetensors> files_;
  std::map<std::string, size_t> where_;  // tensor name -> index into files_
};

}  // namespace hyplora

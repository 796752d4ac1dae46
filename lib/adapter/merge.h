// Adapters folded into the weights they belong to (foldable.h), summed in fp32 and rounded once to the written type. What is not
// linear in its input has no such weight.
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

/// Base with adapter against merged weights, both in the merged type, on a few fixed rows of tokens.
struct MergeProbe {
  int64_t tokens = 0;
  double largest_difference = 0, largest_logit = 0;
};

class Merge {
 public:
  /// Reads checkpoint and adapter and computes the merged weights, in the types in which they are stored or in `dtype`.
  /// InputError: an adapter that has no W', with the reason, one that does not fit the base, or one under which embedding and head of
  /// a base that ties them differ.
  Merge(const fs::path& base, const fs::path& adapter, std::optional<at::ScalarType> dtype, at::Device device);

  const MergeProbe& probe() const { return probe_; }
  size_t modules() const { return merged_.size(); }

  /// The source's shards, with its file and tensor names, its index, tokenizer and config files. Weights in other formats and
  /// subfolders are left out, with a line in the log.
  void write(const fs::path& folder) const;

 private:
  void merge_linear(Linear& linear);
  void merge_ends(Transformer& model, const fs::path& adapter);
  /// How many bytes of tensors.
  size_t write_shard(const Safetensors& shard, const fs::path& folder) const;

  CheckpointFiles files_;
  std::optional<at::ScalarType> dtype_;
  std::map<std::string, at::Tensor> merged_;  // by the checkpoint's tensor name
  MergeProbe probe_;
};

}  // namespace hyplora

#include "adapter/merge.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <random>
#include <utility>

#include "adapter/adapter_tensors.h"
#include "adapter/ends.h"
#include "adapter/foldable.h"
#include "core/error.h"
#include "core/log.h"
#include "model/finite.h"
#include "model/load.h"

namespace hyplora {
namespace {

TokenBatch probe_rows(const ModelSpec& spec, at::Device device) {
  constexpr int64_t rows = 4, longest = 24;  // a hundred tokens: a check of seconds, also for a large model
  const int64_t length = spec.max_positions > 0 ? std::min(longest, spec.max_positions) : longest;
  std::minstd_rand random(1);
  std::vector<int64_t> ids(static_cast<size_t>(rows * length));
  for (auto& id : ids) id = static_cast<int64_t>(random()) % spec.vocab_size;
  return {at::tensor(ids, at::kLong).to(device), std::vector<int64_t>(rows, length), {}};
}

at::Tensor all_logits(const Transformer& model, const TokenBatch& batch) {
  return model.logits(model.final_norm(model.blocks(batch)));
}

Ids ids_of(const at::Tensor& tensor) {
  const at::Tensor ids = tensor.to(at::kCPU).contiguous();
  return {ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()};
}

void check_mergeable(const fs::path& adapter) {
  const AdapterOptions options = read_adapter_options(adapter);
  if (const char* reason = not_a_matrix(options)) {
    throw InputError(
        "{}: cannot be merged ({}): {}, so that no weight stands for base and adapter together{}.", adapter.string(),
        adapter_text(options), reason,
        is_hyperbolic(options) ? "; `hyplora-adapter linearize` makes an approximate LoRA, which can be merged" : "");
  }
}

/// Of the linear layers.
at::ScalarType stored_type(const CheckpointFiles& files) {
  const auto names = files.names();
  const auto place = std::find_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with("_proj.weight"); });
  return place == names.end() ? at::kFloat : files.file_of(*place).tensor(*place).scalar_type();
}

/// Weights that would contradict the merged ones.
bool holds_weights(const fs::path& file) {
  for (const char* ending : {".safetensors", ".bin", ".bin.index.json", ".pt", ".pth", ".h5", ".msgpack", ".onnx", ".gguf"}) {
    if (file.string().ends_with(ending)) return true;
  }
  return false;
}

void set_dtype(Json& config, const std::string& name) {
  const char* key = config.contains("dtype") ? "dtype" : "torch_dtype";
  config[key] = name;
  if (config.contains("text_config") && config["text_config"].is_object()) {
    for (const char* inner : {"dtype", "torch_dtype"}) {
      if (config["text_config"].contains(inner)) config["text_config"][inner] = name;
    }
  }
}

/// A file of the checkpoint, with what it says of types and sizes brought up to date.
std::string in_type(const fs::path& file, at::ScalarType type, size_t bytes) {
  const bool is_index = file.filename() == "model.safetensors.index.json";
  if (!is_index && file.filename() != "config.json") return read_file(file);
  Json json = read_json(file);
  if (is_index) {
    json["metadata"]["total_size"] = bytes;
  } else {
    set_dtype(json, dtype_text(type));
  }
  return json_text(json, 2) + "\n";
}

/// No checkpoint is written that computes nothing.
void require_finite(const std::string& name, const at::Tensor& written, const at::Tensor& stored) {
  if (written.isfinite().all().item<bool>()) return;
  throw RunError("tensor {}: is not finite as it would be written{}.", name,
                 stored.isfinite().all().item<bool>() ? "; another --dtype may help" : ", and is not in the base");
}

}  // namespace

Merge::Merge(const fs::path& base, const fs::path& adapter, std::optional<at::ScalarType> dtype, at::Device device)
    : files_(CheckpointFiles::open(base)), dtype_(dtype) {
  const at::NoGradGuard no_grad;
  check_mergeable(adapter);
  const ModelSpec spec = read_model_spec(base);
  Transformer model = load_model(base, spec, {dtype.value_or(stored_type(files_)), device, false});
  const Adapters adapters = Adapters::load(model, adapter);
  const TokenBatch rows = probe_rows(spec, device);
  const at::Tensor adapted = all_logits(model, rows);
  if (!adapted.isfinite().all().item<bool>())
    throw RunError("with the adapter the model's logits are not finite; {}.", first_not_finite(model, ids_of(rows.ids)));
  for (Linear* linear : model.linears()) {
    if (linear->adapter) merge_linear(*linear);
  }
  merge_ends(model, adapter);
  probe_ = {rows.ids.numel(), (all_logits(model, rows) - adapted).abs().max().item<double>(),
            adapted.abs().max().item<double>()};
}

/// The adapter is folded into the weight as it is stored, and taken off.
void Merge::merge_linear(Linear& linear) {
  const auto adapter = std::dynamic_pointer_cast<const FoldableAdapter>(std::exchange(linear.adapter, nullptr));
  const std::string name = linear.path + ".weight";
  const at::Tensor stored = files_.file_of(name).tensor(name);
  merged_[name] = adapter->merged(stored).to(dtype_.value_or(stored.scalar_type()));
  files_.file_of(name).release(name);
  require_finite(name, merged_[name], stored);
  linear.weight = merged_[name].to(linear.weight.options());
}

/// Embedding and head, where the adapter changes them.
void Merge::merge_ends(Transformer& model, const fs::path& adapter) {
  const AdapterOptions options = read_adapter_options(adapter);
  const Ends ends = read_ends(model, options, AdapterTensors::open(adapter, weights_file(options)));
  if (!ends.change()) return;
  const bool tied = model.spec().tied_embeddings;
  const auto made = [&](const End& end, const std::string& name) {
    const at::Tensor stored = files_.file_of(name).tensor(name);
    return end.weight(stored, dtype_.value_or(stored.scalar_type()), ends.file);
  };
  const std::string of_embedding = ends.embedding.path + ".weight", of_head = ends.head.path + ".weight";
  const at::Tensor embedding = made(ends.embedding, of_embedding);
  const at::Tensor head = ends.head_is_embedding ? embedding : made(ends.head, tied ? of_embedding : of_head);
  if (tied && !at::equal(embedding, head)) {
    throw InputError(
        "{}: cannot be merged: the base ties embedding and head, and with the adapter they differ, so that no weight stands for "
        "both.",
        adapter.string());
  }
  if (ends.embedding.changes()) merged_[of_embedding] = embedding;
  if (ends.head.changes() && files_.contains(of_head)) merged_[of_head] = head;
  const auto options_of = model.base_embedding().options();
  model.set_ends(embedding.to(options_of), head.to(options_of));
}

size_t Merge::write_shard(const Safetensors& shard, const fs::path& folder) const {
  NamedTensors tensors;
  size_t bytes = 0;
  for (const auto& name : names_in_order(shard)) {
    const auto merged = merged_.find(name);
    at::Tensor value = merged != merged_.end() ? merged->second : shard.tensor(name);
    if (dtype_ && value.is_floating_point()) value = value.to(*dtype_);
    if (merged == merged_.end()) require_finite(name, value, shard.tensor(name));
    tensors.emplace_back(name, value);
    bytes += value.nbytes();
  }
  write_safetensors(folder / shard.path().filename(), tensors, shard.metadata());
  for (const auto& [name, info] : shard.tensors()) shard.release(name);
  return bytes;
}

void Merge::write(const fs::path& folder) const {
  std::map<fs::path, const Safetensors*> shards;
  for (const auto& name : files_.names()) shards[files_.file_of(name).path()] = &files_.file_of(name);
  size_t bytes = 0;
  for (const auto& [path, shard] : shards) bytes += write_shard(*shard, folder);
  for (const auto& entry : fs::directory_iterator(files_.folder())) {
    if (shards.count(entry.path()) != 0) continue;
    if (!entry.is_regular_file() || holds_weights(entry.path())) {
      log::info("{} is left out of the merged checkpoint.", entry.path().string());
      continue;
    }
    const std::string name = entry.path().filename();
    write_file(folder / name, dtype_ ? in_type(entry.path(), *dtype_, bytes) : read_file(entry.path()));
  }
  CheckpointFiles::open(folder);  // what was written can be read
}

}  // namespace hyplora

// The tensors of an adapter folder, whoever wrote it. The names that are met:
//
//     base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight              PEFT's, the releases', and ours
//     ....lora_A.default.weight   ....lora_magnitude_vector.default.weight        with the adapter's name in it
//     module.  _orig_mod.  _fsdp_wrapped_module.  base_model.model. twice         wrappers of a model that was saved from
//     inside model.layers.0....   layers.0....   model.language_model.layers.0....       another place of the decoder, or no
//     prefix
//     ....k   ....norm_scale                                                      the first release's scalars
//     ....lm_head.lora_A.weight  ....embed_tokens.lora_embedding_A  ....lm_head.weight   head and embedding (ends.h)
//
// All are brought to one form, so that every reader of adapters reads all of them.
#pragma once

#include "io/safetensors.h"

namespace hyplora {

inline constexpr const char* adapter_weights = "adapter_model.safetensors";

/// The name as our own folders have it: one base_model.model., no wrappers, no adapter's name, lora_k and lora_norm_scale. A
/// name that belongs to no adapter stays as it is.
std::string clean_adapter_name(const std::string& stored);

/// What two names of one parameter have in common: layers.0.self_attn.q_proj.lora_A.weight.
std::string adapter_place(const std::string& name);

/// The tensors' names in the order in which they lie in the file.
std::vector<std::string> names_in_order(const Safetensors& file);

class AdapterTensors {
 public:
  /// InputError: no such file in the folder, two tensors for one place (several adapters in one file).
  static AdapterTensors open(const fs::path& folder, const std::string& name = adapter_weights);

  const Safetensors& file() const { return file_; }
  /// Stored names by place.
  const std::map<std::string, std::string>& stored() const { return stored_; }
  bool contains(const std::string& name) const { return stored_.count(adapter_place(name)) != 0; }
  /// By any of a parameter's names. InputError when it is missing.
  at::Tensor tensor(const std::string& name) const;

 private:
  explicit AdapterTensors(Safetensors file) : file_(std::move(file)) {}

  Safetensors file_;
  std::map<std::string, std::string> stored_;
};

}  // namespace hyplora

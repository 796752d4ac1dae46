#include "model/load.h"

#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

struct DtypeName {
  const char* name;
  at::ScalarType type;
};
constexpr DtypeName dtypes[] = {{"float32", at::kFloat}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}};

/// Buffers that old checkpoints carry and that are computed here.
bool is_known_buffer(const std::string& name) { return name.ends_with("rotary_emb.inv_freq"); }

/// The other half of a multimodal checkpoint.
bool is_vision(const std::string& name) {
  for (const char* part : {"vision_tower.", "multi_modal_projector."}) {
    if (name.starts_with(part) || name.starts_with(std::string("model.") + part)) return true;
  }
  return false;
}

}  // namespace

at::ScalarType dtype_named(const std::string& name, at::Device device) {
  if (name == "auto") return device.is_cpu() ? at::kFloat : at::kBFloat16;
  for (const auto& row : dtypes) {
    if (name == row.name) return row.type;
  }
  throw InputError("dtype: found \"{}\", expected one of {}.", name, fmt::join(dtype_choices(), ", "));
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const auto& row : dtypes) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> dtype_choices() {
  std::vector<std::string> names = dtype_names();
  names.insert(names.begin(), "auto");
  return names;
}

std::string dtype_text(at::ScalarType dtype) {
  for (const auto& row : dtypes) {
    if (dtype == row.type) return row.name;
  }
  return toString(dtype);
}

void check_dtype(const ModelSpec& spec, at::ScalarType dtype) {
  if (dtype == at::kHalf && spec.fp16_overflows) {
    throw InputError("dtype: {} cannot run in float16, whose range its activations leave; use bfloat16 or float32.",
                     spec.model_type);
  }
}

Transformer load_model(const fs::path& folder, const ModelSpec& spec, const WeightOptions& options) {
  check_dtype(spec, options.dtype);
  const auto source = checkpoint_weights(CheckpointFiles::open(folder));
  Transformer model(spec, Weights(source, options));
  if (options.device.is_meta()) return model;  // only its shape was asked for
  for (const auto& name : source->unused()) {
    if (!is_known_buffer(name) && !is_vision(name) && !(spec.tied_embeddings && name.ends_with("lm_head.weight"))) {
      log::warn("{}: tensor {} is not part of this model and is ignored.", folder.string(), name);
    }
  }
  return model;
}

}  // namespace hyplora

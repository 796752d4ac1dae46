// Adapter folders. PEFT's layout: adapter_config.json and adapter_model.safetensors with
// base_model.model.<module>.lora_A.weight [r, in] and .lora_B.weight [out, r]. A hyperbolic adapter has peft_type HYPLORA, so
// that nothing loads it as plain LoRA, the scalars .lora_k and .lora_norm_scale, and hyplora.json, where the config keys that
// shape it stand under their config names. Read are these folders, PEFT's own, and the published release's (peft_type LORA with
// a lora_type).
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <set>

#include "adapter/kinds.h"
#include "adapter/peft_config.h"
#include "core/error.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* weights_file = "adapter_model.safetensors";
constexpr const char* config_file = "adapter_config.json";
constexpr const char* own_file = "hyplora.json";

Json own_config(AdapterOptions options) {
  Json config{{"format", 1}};
  Fields fields;
  config.update(add_adapter_fields(fields, options).values());
  return config;
}

AdapterOptions options_from_own(const fs::path& path) {
  Json config = read_json(path);
  if (!config.is_object() || !config.contains("format")) throw InputError("{}: key \"format\" is missing.", path.string());
  if (config["format"] != 1)
    throw InputError("{}: key \"format\": found {}, expected 1.", path.string(), config["format"].dump());
  config.erase("format");
  AdapterOptions options;
  Fields fields;
  add_adapter_fields(fields, options).read_object(config, path.string());
  return options;
}

/// Under which name a file holds a parameter. The first release calls its scalars .k and .norm_scale, and saved none.
std::optional<std::string> stored_name(const Safetensors& file, const std::string& name, bool of_first_release) {
  if (!of_first_release || file.contains(name)) return name;
  const size_t mark = name.rfind(".lora_");
  const std::string bare = name.substr(mark + 6);
  if (bare != "k" && bare != "norm_scale") return name;
  const std::string older = name.substr(0, mark + 1) + bare;
  return file.contains(older) ? std::optional(older) : std::nullopt;
}

std::string shape_text(const at::Tensor& t) { return fmt::format("[{}]", fmt::join(t.sizes().begin(), t.sizes().end(), ", ")); }

}  // namespace

AdapterOptions read_adapter_options(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected an adapter folder.", folder.string());
  if (fs::exists(folder / own_file)) return options_from_own(folder / own_file);
  return options_from_peft(read_json(folder / config_file), folder / config_file);
}

Adapters Adapters::load(Transformer& model, const fs::path& folder) {
  Adapters adapters = attach(model, read_adapter_options(folder), 0);
  adapters.restore(folder);
  return adapters;
}

void Adapters::restore(const fs::path& folder) {
  const bool full = options_.adapter == "full";
  const Safetensors file = Safetensors::open(folder / (full ? "model.safetensors" : weights_file));
  std::set<std::string> expected;
  const at::NoGradGuard no_grad;
  for (auto& parameter : parameters_) {
    const auto name = stored_name(file, parameter.name, may_lack_scalars(options_));
    if (!name) continue;
    expected.insert(*name);
    const at::Tensor stored = file.tensor(*name);
    const bool both_scalar = stored.numel() == 1 && parameter.value.numel() == 1;
    if (stored.sizes() != parameter.value.sizes() && !both_scalar) {
      throw InputError("{}: tensor {}: found shape {}, expected {}.", file.path().string(), parameter.name, shape_text(stored),
                       shape_text(parameter.value));
    }
    parameter.value.copy_(stored.reshape(parameter.value.sizes()));
  }
  for (const auto& [name, info] : file.tensors()) {
    if (expected.count(name) == 0) {
      throw InputError(
          "{}: tensor {} belongs to no adapter of this model; the adapter was made for another base or another kind.",
          file.path().string(), name);
    }
  }
}

void Adapters::save(const fs::path& folder, const fs::path& base_model) const {
  const std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (options_.adapter == "full") {
    for (const auto& entry : fs::directory_iterator(base_model)) {
      const std::string name = entry.path().filename();
      const bool belongs =
          name == "tokenizer.model" || (name.ends_with(".json") && name.find("safetensors") == std::string::npos);
      if (entry.is_regular_file() && belongs) write_file(folder / name, read_file(entry.path()));
    }
    write_safetensors(folder / "model.safetensors", tensors(), metadata);
    return;
  }
  write_safetensors(folder / weights_file, tensors(), metadata);
  write_file(folder / config_file, peft_config(options_, base_model, model_->spec()).dump(2) + "\n");
  write_file(folder / own_file, own_config(options_).dump(2) + "\n");
}

}  // namespace hyplora

// Adapter folders. PEFT's layout: adapter_config.json and adapter_model.safetensors with base_model.model.<module>.lora_A.weight
// [r, in] and .lora_B.weight [out, r]. A hyperbolic adapter has peft_type HYPLORA, so that nothing loads it as plain LoRA, the scalars
// .lora_k and .lora_norm_scale, and hyplora.json, where the config keys that shape it stand under their config names.
// Read are these folders, PEFT's own, and the published release's (peft_type LORA with a lora_type).
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <set>

#include "adapter/adapter.h"
#include "core/error.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* weights_file = "adapter_model.safetensors";
constexpr const char* config_file = "adapter_config.json";
constexpr const char* own_file = "hyplora.json";

/// PEFT's keys; what PEFT would look for and we do not use keeps PEFT's default.
Json peft_config(const AdapterOptions& o, const fs::path& base_model) {
  const auto alpha = [](double value) { return value == static_cast<int64_t>(value) ? Json(static_cast<int64_t>(value)) : Json(value); };
  Json config{{"peft_type", o.adapter == "lora" ? "LORA" : "HYPLORA"},
              {"task_type", "CAUSAL_LM"},
              {"base_model_name_or_path", base_model.string()},
              {"r", o.lora_r},
              {"lora_alpha", alpha(o.lora_alpha)},
              {"lora_dropout", o.lora_dropout},
              {"use_rslora", o.use_rslora},
              {"use_dora", false},
              {"bias", "none"},
              {"fan_in_fan_out", false},
              {"inference_mode", true},
              {"init_lora_weights", true},
              {"modules_to_save", nullptr},
              {"layers_to_transform", nullptr},
              {"layers_pattern", nullptr},
              {"rank_pattern", o.rank_pattern},
              {"alpha_pattern", Json::object()}};
  for (const auto& [pattern, value] : o.alpha_pattern) config["alpha_pattern"][pattern] = alpha(value);
  config["target_modules"] = o.target_modules.single ? Json(o.target_modules.values.at(0)) : Json(o.target_modules.values);
  return config;
}

Json own_config(AdapterOptions options) {
  Json config{{"format", 1}};
  Fields fields;
  config.update(add_adapter_fields(fields, options).values());
  return config;
}

template <class T>
T peft_value(const Json& config, const char* key, T otherwise, const fs::path& path) {
  if (!config.contains(key) || config[key].is_null()) return otherwise;
  try {
    return config[key].get<T>();
  } catch (const Json::exception&) {
    throw InputError("{}: key \"{}\": found {}, which has the wrong type.", path.string(), key, config[key].dump().substr(0, 60));
  }
}

void refuse_peft_features(const Json& config, const fs::path& path) {
  for (const char* key : {"use_dora", "fan_in_fan_out", "use_qalora"}) {
    if (peft_value(config, key, false, path)) throw InputError("{}: key \"{}\": such adapters are not supported.", path.string(), key);
  }
  for (const char* key : {"modules_to_save", "layers_to_transform", "trainable_token_indices"}) {
    if (config.contains(key) && !config[key].is_null() && !config[key].empty()) {
      throw InputError("{}: key \"{}\": found {}, which is not supported.", path.string(), key, config[key].dump().substr(0, 60));
    }
  }
  const auto bias = peft_value<std::string>(config, "bias", "none", path);
  if (bias != "none") throw InputError("{}: key \"bias\": found \"{}\", expected \"none\".", path.string(), bias);
}

AdapterOptions options_from_peft(const Json& config, const fs::path& path) {
  refuse_peft_features(config, path);
  AdapterOptions options;
  options.adapter = "lora";
  options.lora_r = peft_value<int64_t>(config, "r", 8, path);
  options.lora_alpha = peft_value<double>(config, "lora_alpha", 8, path);
  options.lora_dropout = peft_value<double>(config, "lora_dropout", 0, path);
  options.use_rslora = peft_value(config, "use_rslora", false, path);
  options.rank_pattern = peft_value(config, "rank_pattern", options.rank_pattern, path);
  options.alpha_pattern = peft_value(config, "alpha_pattern", options.alpha_pattern, path);
  if (config.contains("target_modules") && config["target_modules"].is_string()) {
    options.target_modules = {{config["target_modules"].get<std::string>()}, true};
  } else {
    options.target_modules = {peft_value<std::vector<std::string>>(config, "target_modules", {}, path), false};
  }
  if (config.contains("lora_type")) apply_lora_type(peft_value<std::string>(config, "lora_type", "std", path), options, path.string());
  return options;
}

AdapterOptions options_from_own(const fs::path& path) {
  Json config = read_json(path);
  if (!config.is_object() || !config.contains("format")) throw InputError("{}: key \"format\" is missing.", path.string());
  if (config["format"] != 1) throw InputError("{}: key \"format\": found {}, expected 1.", path.string(), config["format"].dump());
  config.erase("format");
  AdapterOptions options;
  Fields fields;
  add_adapter_fields(fields, options).read_object(config, path.string());
  return options;
}

std::string shape_text(const at::Tensor& t) { return fmt::format("[{}]", fmt::join(t.sizes().begin(), t.sizes().end(), ", ")); }

}  // namespace

void apply_lora_type(const std::string& lora_type, AdapterOptions& options, const std::string& where) {
  if (lora_type == "std") {
    options.adapter = "lora";
    return;
  }
  const size_t dash = lora_type.rfind('-');
  const std::string name = lora_type.substr(0, dash), number = dash == std::string::npos ? "" : lora_type.substr(dash + 1);
  char* end = nullptr;
  const double curvature = std::strtod(number.c_str(), &end);
  if (name != "hyplora" || number.empty() || *end != '\0') {
    throw InputError("{}: lora_type: found \"{}\", expected \"std\" or \"hyplora-<k>\" such as \"hyplora-1.0\".", where, lora_type);
  }
  options.adapter = "hyplora";
  options.hyplora_variant = "release";
  options.curvature = curvature;
}

AdapterOptions read_adapter_options(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected an adapter folder.", folder.string());
  if (fs::exists(folder / own_file)) return options_from_own(folder / own_file);
  const fs::path path = folder / config_file;
  const Json config = read_json(path);
  if (!config.is_object()) throw InputError("{}: expected a JSON object.", path.string());
  const auto type = peft_value<std::string>(config, "peft_type", "", path);
  if (type == "HYPLORA") throw InputError("{}: its peft_type is HYPLORA, but {} is missing beside it.", path.string(), own_file);
  if (type != "LORA") throw InputError("{}: peft_type: found \"{}\", expected LORA or HYPLORA.", path.string(), type);
  return options_from_peft(config, path);
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
    expected.insert(parameter.name);
    const at::Tensor stored = file.tensor(parameter.name);
    const bool both_scalar = stored.numel() == 1 && parameter.value.numel() == 1;
    if (stored.sizes() != parameter.value.sizes() && !both_scalar) {
      throw InputError("{}: tensor {}: found shape {}, expected {}.", file.path().string(), parameter.name, shape_text(stored),
                       shape_text(parameter.value));
    }
    parameter.value.copy_(stored.reshape(parameter.value.sizes()));
  }
  for (const auto& [name, info] : file.tensors()) {
    if (expected.count(name) == 0) {
      throw InputError("{}: tensor {} belongs to no adapter of this model; the adapter was made for another base or another kind.",
                       file.path().string(), name);
    }
  }
}

void Adapters::save(const fs::path& folder, const fs::path& base_model) const {
  const std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (options_.adapter == "full") {
    for (const auto& entry : fs::directory_iterator(base_model)) {
      const std::string name = entry.path().filename();
      const bool belongs = name == "tokenizer.model" || (name.ends_with(".json") && name.find("safetensors") == std::string::npos);
      if (entry.is_regular_file() && belongs) write_file(folder / name, read_file(entry.path()));
    }
    write_safetensors(folder / "model.safetensors", tensors(), metadata);
    return;
  }
  write_safetensors(folder / weights_file, tensors(), metadata);
  write_file(folder / config_file, peft_config(options_, base_model).dump(2) + "\n");
  write_file(folder / own_file, own_config(options_).dump(2) + "\n");
}

}  // namespace hyplora

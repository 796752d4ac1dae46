#include "adapter/peft_config.h"

#include "core/error.h"

namespace hyplora {
namespace {

Json whole_if_it_is(double value) {
  return value == static_cast<double>(static_cast<int64_t>(value)) ? Json(static_cast<int64_t>(value)) : Json(value);
}

Json names(const StringOrList& names) { return names.single ? Json(names.values.at(0)) : Json(names.values); }

/// What PEFT would look for and is not used here keeps PEFT's default.
Json lora_keys(const AdapterOptions& o) {
  Json config{{"r", o.lora_r},
              {"lora_alpha", whole_if_it_is(o.lora_alpha)},
              {"lora_dropout", o.lora_dropout},
              {"use_rslora", o.use_rslora},
              {"use_dora", o.adapter == "dora"},
              {"bias", "none"},
              {"fan_in_fan_out", false},
              {"init_lora_weights", true},
              {"modules_to_save", nullptr},
              {"layers_pattern", nullptr},
              {"rank_pattern", o.rank_pattern},
              {"alpha_pattern", Json::object()}};
  for (const auto& [pattern, value] : o.alpha_pattern) config["alpha_pattern"][pattern] = whole_if_it_is(value);
  return config;
}

Json target_keys(const AdapterOptions& o) {
  return {{"target_modules", names(o.target_modules)},
          {"exclude_modules", o.exclude_modules ? names(*o.exclude_modules) : Json(nullptr)},
          {"layers_to_transform", o.layers_to_transform ? Json(*o.layers_to_transform) : Json(nullptr)}};
}

/// LLM-Adapters' keys.
Json bottleneck_keys(const AdapterOptions& o) {
  return {{"bottleneck_size", o.bottleneck_size},
          {"non_linearity", o.non_linearity},
          {"adapter_dropout", o.lora_dropout},
          {"use_parallel_adapter", o.adapter == "parallel"},
          {"scaling", o.scaling},
          {"init_weights", "mam_adapter"},
          {"bias", "none"},
          {"modules_to_save", nullptr}};
}

Json prefix_keys(const AdapterOptions& o, const ModelSpec& spec) {
  return {{"num_virtual_tokens", o.num_virtual_tokens},
          {"num_layers", spec.layers},
          {"num_attention_heads", spec.kv_heads},
          {"token_dim", spec.kv_heads * spec.head_dim},
          {"num_transformer_submodules", 1},
          {"encoder_hidden_size", spec.kv_heads * spec.head_dim},
          {"prefix_projection", false}};
}

/// The values of a config, by key.
class PeftKeys {
 public:
  PeftKeys(const Json& config, const fs::path& path) : config_(config), path_(path) {}

  template <class T>
  T get(const char* key, T otherwise) const {
    if (!has(key)) return otherwise;
    try {
      return config_[key].get<T>();
    } catch (const Json::exception&) {
      throw InputError("{}: key \"{}\": found {}, which has the wrong type.", path_.string(), key, shown(key));
    }
  }

  std::optional<StringOrList> modules(const char* key) const {
    if (!has(key)) return std::nullopt;
    if (config_[key].is_string()) return StringOrList{{config_[key].get<std::string>()}, true};
    return StringOrList{get<std::vector<std::string>>(key, {}), false};
  }

  std::optional<std::vector<int64_t>> layers() const {
    constexpr const char* key = "layers_to_transform";
    if (!has(key) || config_[key].empty()) return std::nullopt;
    if (config_[key].is_number_integer()) return std::vector{config_[key].get<int64_t>()};
    return get<std::vector<int64_t>>(key, {});
  }

  void refuse(std::initializer_list<const char*> switches, std::initializer_list<const char*> lists) const {
    for (const char* key : switches) {
      if (get(key, false)) throw InputError("{}: key \"{}\": such adapters are not supported.", path_.string(), key);
    }
    for (const char* key : lists) {
      if (has(key) && !config_[key].empty()) {
        throw InputError("{}: key \"{}\": found {}, which is not supported.", path_.string(), key, shown(key));
      }
    }
    const auto bias = get<std::string>("bias", "none");
    if (bias != "none") throw InputError("{}: key \"bias\": found \"{}\", expected \"none\".", path_.string(), bias);
  }

  bool has(const char* key) const { return config_.contains(key) && !config_[key].is_null(); }

 private:
  std::string shown(const char* key) const { return config_[key].dump().substr(0, 60); }

  const Json& config_;
  const fs::path& path_;
};

void read_targets(const PeftKeys& keys, AdapterOptions& options) {
  options.target_modules = keys.modules("target_modules").value_or(StringOrList{});
  options.exclude_modules = keys.modules("exclude_modules");
  options.layers_to_transform = keys.layers();
}

AdapterOptions lora_options(const PeftKeys& keys, const fs::path& path) {
  keys.refuse({"fan_in_fan_out", "use_qalora"}, {"modules_to_save", "trainable_token_indices"});
  AdapterOptions options;
  options.adapter = keys.get("use_dora", false) ? "dora" : "lora";
  options.lora_r = keys.get<int64_t>("r", 8);
  options.lora_alpha = keys.get<double>("lora_alpha", 8);
  options.lora_dropout = keys.get<double>("lora_dropout", 0);
  options.use_rslora = keys.get("use_rslora", false);
  options.rank_pattern = keys.get("rank_pattern", options.rank_pattern);
  options.alpha_pattern = keys.get("alpha_pattern", options.alpha_pattern);
  read_targets(keys, options);
  const auto lora_type = keys.get<std::string>("lora_type", "std");
  if (lora_type == "std") return options;
  if (options.adapter == "dora")
    throw InputError("{}: use_dora and lora_type \"{}\" exclude each other.", path.string(), lora_type);
  apply_lora_type(lora_type, options, path.string());
  options.train_curvature = learns_curvature_by_default(options);
  return options;
}

AdapterOptions bottleneck_options(const PeftKeys& keys) {
  keys.refuse({}, {"modules_to_save"});
  AdapterOptions options;
  options.adapter = keys.get("use_parallel_adapter", false) ? "parallel" : "series";
  options.bottleneck_size = keys.get<int64_t>("bottleneck_size", 256);
  options.non_linearity = keys.get<std::string>("non_linearity", "tanh");
  options.lora_dropout = keys.get<double>("adapter_dropout", 0);
  options.scaling = keys.get<double>("scaling", 1);
  read_targets(keys, options);
  return options;
}

AdapterOptions prefix_options(const PeftKeys& keys) {
  AdapterOptions options;
  options.adapter = "prefix";
  options.num_virtual_tokens = keys.get<int64_t>("num_virtual_tokens", 30);
  return options;
}

}  // namespace

Json peft_config(const AdapterOptions& o, const fs::path& base_model, const ModelSpec& spec) {
  const std::string type = peft_type_of(o);
  Json config{{"peft_type", type},
              {"task_type", "CAUSAL_LM"},
              {"base_model_name_or_path", base_model.string()},
              {"inference_mode", true}};
  if (type == "PREFIX_TUNING") {
    config.update(prefix_keys(o, spec));
    return config;
  }
  config.update(type == "BOTTLENECK" ? bottleneck_keys(o) : lora_keys(o));
  config.update(target_keys(o));
  return config;
}

AdapterOptions options_from_peft(const Json& config, const fs::path& path) {
  if (!config.is_object()) throw InputError("{}: expected a JSON object.", path.string());
  const PeftKeys keys(config, path);
  const auto type = keys.get<std::string>("peft_type", "");
  if (type == "LORA") return lora_options(keys, path);
  if (type == "BOTTLENECK") return bottleneck_options(keys);
  if (type == "PREFIX_TUNING") return prefix_options(keys);
  if (type == "HYPLORA")
    throw InputError("{}: its peft_type is HYPLORA, but hyplora.json is missing beside it.", path.string());
  throw InputError("{}: peft_type: found \"{}\", expected LORA, HYPLORA, BOTTLENECK or PREFIX_TUNING.", path.string(), type);
}

}  // namespace hyplora

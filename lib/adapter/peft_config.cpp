#include "adapter/peft_config.h"

#include <algorithm>

#include "adapter/kinds.h"
#include "core/error.h"

namespace hyplora {
namespace {

Json names(const StringOrList& names) { return names.single ? Json(names.values.at(0)) : Json(names.values); }

Json target_keys(const AdapterOptions& o) {
  return {{"target_modules", names(o.target_modules)},
          {"exclude_modules", o.exclude_modules ? names(*o.exclude_modules) : Json(nullptr)},
          {"layers_to_transform", o.layers_to_transform ? Json(*o.layers_to_transform) : Json(nullptr)}};
}

/// embed_tokens or lm_head where a name of a list stands for it, else null.
const char* end_named(const std::string& name) {
  for (const char* end : {embedding_name, head_name}) {
    if (name == end || name.ends_with("." + std::string(end))) return end;
  }
  return nullptr;
}

/// What of the lists is embedding or head; `targets` keeps the rest.
void read_ends_keys(const PeftKeys& keys, AdapterOptions& options) {
  EndOptions& ends = options.ends;
  if (!options.target_modules.single) {
    std::erase_if(options.target_modules.values, [&](const std::string& name) {
      const char* end = end_named(name);
      if (end != nullptr) ends.targets.emplace_back(end);
      return end != nullptr;
    });
  }
  for (const auto& name : keys.modules("modules_to_save").value_or(StringOrList{}).values) {
    const char* end = end_named(name);
    if (end == nullptr)
      throw InputError("{}: key \"modules_to_save\": found \"{}\", expected {} or {} alone.", keys.path(), name, embedding_name,
                       head_name);
    ends.saved.emplace_back(end);
  }
  ends.tied = keys.get("ensure_weight_tying", false);
  if (kind_of(options).takes_ends || (ends.targets.empty() && ends.saved.empty())) return;
  throw InputError("{}: key \"{}\": names {}, on which only plain LoRA is computed here ({}).", keys.path(),
                   ends.targets.empty() ? "modules_to_save" : "target_modules",
                   ends.targets.empty() ? ends.saved[0] : ends.targets[0], adapter_text(options));
}

void read_targets(const PeftKeys& keys, AdapterOptions& options) {
  options.target_modules = keys.modules("target_modules").value_or(StringOrList{});
  options.exclude_modules = keys.modules("exclude_modules");
  options.layers_to_transform = keys.layers("layers_to_transform");
}

std::vector<std::string> known_types() {
  std::vector<std::string> types;
  for (const Kind* kind : kind_rows) {
    if (kind->from_peft != nullptr && std::find(types.begin(), types.end(), kind->peft_type) == types.end())
      types.emplace_back(kind->peft_type);
  }
  return types;
}

const Kind& kind_in(const PeftKeys& keys) {
  const auto type = keys.get<std::string>("peft_type", "");
  for (const Kind* kind : kind_rows) {
    if (kind->from_peft == nullptr || type != kind->peft_type) continue;
    const auto [key, value] = kind->peft_switch;
    if (key == nullptr || keys.get(key, false) == value) return *kind;
  }
  throw InputError("{}: peft_type: found \"{}\", expected one of {}.", keys.path(), type, fmt::join(known_types(), ", "));
}

}  // namespace

Json peft_config(const AdapterOptions& o, const fs::path& base_model, const ModelSpec& spec) {
  const Kind& kind = kind_of(o);
  Json config{{"peft_type", kind.peft_type},
              {"task_type", "CAUSAL_LM"},
              {"base_model_name_or_path", base_model.string()},
              {"inference_mode", true}};
  config.update(kind.to_peft(o, spec));
  if (kind.peft_switch.key != nullptr) config[kind.peft_switch.key] = kind.peft_switch.value;
  if (kind.fit != nullptr) config.update(target_keys(o));
  return config;
}

Json read_peft_config(const fs::path& folder) {
  const fs::path file = folder / "adapter_config.json";
  if (!fs::exists(file)) return Json::object();
  Json config = read_json(file);
  if (!config.is_object()) throw InputError("{}: found {}, expected a JSON object.", file.string(), shown(config));
  return config;
}

AdapterOptions options_from_peft(const Json& config, const fs::path& path) {
  const PeftKeys keys(config, path);
  const Kind& kind = kind_in(keys);
  AdapterOptions options;
  options.adapter = kind.name;
  kind.from_peft(keys, options);
  if (kind.fit != nullptr) read_targets(keys, options);
  Fields fields;
  try {
    add_adapter_fields(fields, options).check();
  } catch (const InputError& error) {  // by our name of the key
    throw InputError("{}: {}", keys.path(), error.what());
  }
  if (kind.fit != nullptr) read_ends_keys(keys, options);
  return options;
}

}  // namespace hyplora

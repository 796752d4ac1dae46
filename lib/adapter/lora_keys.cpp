#include "adapter/lora_keys.h"

#include <algorithm>

#include "core/log.h"

namespace hyplora {
namespace {

using enum KeyVerdict;

/// Those under which A and B alone are the adapter: B began at 0, or what began is in them.
const std::vector<std::string> kept_bases{"gaussian", "eva", "orthogonal"};

void require_base_unmoved(const PeftKeys& keys) {
  const Json how = keys.value("init_lora_weights");
  if (how.is_null() || how.is_boolean()) return;
  if (how.is_string() && std::find(kept_bases.begin(), kept_bases.end(), how.get<std::string>()) != kept_bases.end()) return;
  throw InputError(
      "{}: key \"init_lora_weights\": found {}, expected true, false or one of {}: others compute with a changed base; PEFT's "
      "save_pretrained with path_initial_model_for_weight_conversion makes plain LoRA of it.",
      keys.path(), shown(how), fmt::join(kept_bases, ", "));
}

void require_layers(const PeftKeys& keys) {
  const Json found = keys.value("layers_pattern");
  for (const Json& name : found.is_array() ? found : Json::array({found})) {
    if (name.is_null() || name == "" || name == "layers") continue;
    throw InputError("{}: key \"layers_pattern\": found {}, expected \"layers\", as the blocks are called here.", keys.path(),
                     shown(found));
  }
}

}  // namespace

const std::vector<LoraKey>& lora_config_keys() {
  static const std::vector<LoraKey> keys{{"peft_type", read},
                                         {"r", read},
                                         {"lora_alpha", read},
                                         {"lora_dropout", read},
                                         {"use_rslora", read},
                                         {"use_dora", read},
                                         {"target_modules", read},
                                         {"exclude_modules", read},
                                         {"layers_to_transform", read},
                                         {"rank_pattern", read},
                                         {"alpha_pattern", read},
                                         {"lora_type", read},  // the published releases'
                                         {"init_lora_weights", special},
                                         {"layers_pattern", special},
                                         {"bias", special},
                                         {"task_type", changes_nothing},
                                         {"auto_mapping", changes_nothing},
                                         {"peft_version", changes_nothing},
                                         {"base_model_name_or_path", changes_nothing},
                                         {"revision", changes_nothing},
                                         {"inference_mode", changes_nothing},
                                         {"loftq_config", changes_nothing},  // init_lora_weights says whether they were used
                                         {"eva_config", changes_nothing},
                                         {"corda_config", changes_nothing},
                                         {"lora_ga_config", changes_nothing},
                                         {"velora_config", changes_nothing},  // how gradients are kept
                                         {"megatron_core", changes_nothing},
                                         {"qalora_group_size", changes_nothing},
                                         {"runtime_config", changes_nothing},
                                         {"ensure_weight_tying", read},
                                         {"fan_in_fan_out", only_off},
                                         {"modules_to_save", read},  // of embedding and head alone
                                         {"trainable_token_indices", only_off},
                                         {"target_parameters", only_off},
                                         {"megatron_config", only_off},
                                         {"alora_invocation_tokens", only_off},
                                         {"use_qalora", only_off},
                                         {"use_bdlora", only_off},
                                         {"layer_replication", only_off},
                                         {"lora_bias", only_off},
                                         {"monteclora_config", only_off},
                                         {"arrow_config", only_off},
                                         {"kasa_config", only_off}};
  return keys;
}

void require_plain_lora(const PeftKeys& keys) {
  for (const LoraKey& key : lora_config_keys()) {
    if (key.verdict == only_off) keys.refuse({key.name});
  }
  keys.only("bias", "none");
  require_base_unmoved(keys);
  require_layers(keys);
  for (const auto& name : keys.names()) {
    const auto is_it = [&](const LoraKey& key) { return name == key.name; };
    if (keys.is_on(name) && std::none_of(lora_config_keys().begin(), lora_config_keys().end(), is_it))
      log::warn("{}: key \"{}\" is not known here; if it changes what the adapter computes, that is left out", keys.path(),
                name);
  }
}

}  // namespace hyplora

#include "adapter/lora_keys.h"

#include <set>

#include "adapter/material.h"

namespace hyplora {
namespace {

using test::Contains;

/// The fields of PEFT 0.21.2's PeftConfig and LoraConfig.
const std::vector<std::string> keys_of_peft{"task_type",
                                            "peft_type",
                                            "auto_mapping",
                                            "peft_version",
                                            "base_model_name_or_path",
                                            "revision",
                                            "inference_mode",
                                            "r",
                                            "target_modules",
                                            "exclude_modules",
                                            "lora_alpha",
                                            "lora_dropout",
                                            "fan_in_fan_out",
                                            "bias",
                                            "use_rslora",
                                            "modules_to_save",
                                            "init_lora_weights",
                                            "layers_to_transform",
                                            "layers_pattern",
                                            "rank_pattern",
                                            "alpha_pattern",
                                            "megatron_config",
                                            "megatron_core",
                                            "trainable_token_indices",
                                            "loftq_config",
                                            "eva_config",
                                            "corda_config",
                                            "lora_ga_config",
                                            "use_dora",
                                            "velora_config",
                                            "alora_invocation_tokens",
                                            "use_qalora",
                                            "qalora_group_size",
                                            "monteclora_config",
                                            "layer_replication",
                                            "runtime_config",
                                            "lora_bias",
                                            "target_parameters",
                                            "use_bdlora",
                                            "arrow_config",
                                            "kasa_config",
                                            "ensure_weight_tying"};

/// What loading says of an adapter_config.json of PEFT's with one more key; empty where it loads.
std::string told(const std::string& key, const Json& value) {
  Json config{{"peft_type", "LORA"}, {"r", 4}, {"bias", "none"}};
  config[key] = value;
  const fs::path file = "adapter_config.json";
  try {
    require_plain_lora(PeftKeys(config, file));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("Every key of PEFT's LoRA has a verdict", "[adapter]") {
  std::set<std::string> known;
  for (const LoraKey& key : lora_config_keys()) CHECK(known.insert(key.name).second);
  for (const auto& key : keys_of_peft) CHECK(known.count(key) == 1);
}

TEST_CASE("Keys under which a LoRA adapter is more than its tensors are refused by name, unless they are off", "[adapter]") {
  const std::vector<Json> off{nullptr, false, Json::array(), Json::object()};
  const std::vector<Json> on{true, Json::array({1, 2}), Json{{"a", 1}}};
  for (const LoraKey& key : lora_config_keys()) {
    if (key.verdict != KeyVerdict::only_off) continue;
    for (const Json& value : off) CHECK(told(key.name, value).empty());
    for (const Json& value : on)
      CHECK_THAT(told(key.name, value), Contains("adapter_config.json: key \"" + std::string(key.name) + "\": found"));
  }
}

TEST_CASE("Initialisations that moved the base are refused, those that did not are read", "[adapter]") {
  for (const Json& kept : {Json(nullptr), Json(true), Json(false), Json("gaussian"), Json("eva"), Json("orthogonal")})
    CHECK(told("init_lora_weights", kept).empty());
  for (const char* moved : {"pissa", "pissa_niter_16", "olora", "corda", "loftq", "lora_ga", "mica", "new"})
    CHECK_THAT(told("init_lora_weights", moved), Contains("key \"init_lora_weights\": found \"" + std::string(moved)));
}

TEST_CASE("Blocks by another name than here are refused", "[adapter]") {
  CHECK(told("layers_pattern", "layers").empty());
  CHECK(told("layers_pattern", Json::array({"layers"})).empty());
  CHECK_THAT(told("layers_pattern", "h"), Contains("layers_pattern"));
}

TEST_CASE("Published adapters whose keys change what is computed are refused by that key", "[adapter]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"adapter-init-changes-base/olora_untrained", "init_lora_weights"},
      {"adapter-init-changes-base/pissa_untrained", "init_lora_weights"},
      {"adapter-keys-ignored/alora", "alora_invocation_tokens"},
      {"adapter-keys-ignored/layer_replication", "layer_replication"}};
  for (const auto& [folder, key] : cases) {
    const auto found = test::shared("cases/" + folder);
    if (!found) continue;
    CHECK_THAT(test::input_error([&] { read_adapter_options(*found); }), Contains(key));
  }
}

}  // namespace
}  // namespace hyplora

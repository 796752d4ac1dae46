#include "adapter/elsewhere.h"

#include "adapter/kinds.h"

namespace hyplora {

bool has_lora_type(const Json& config) { return config.value("lora_type", Json(plain_lora_type)) != plain_lora_type; }

LoadsThere loads_in_peft(const AdapterOptions& options, const Json& config) {
  const Kind &kind = kind_of(options), &form = form_of(options);
  if (form.not_in_peft != nullptr) {
    if (has_lora_type(config)) return {false, fmt::format("PEFT ignores lora_type and gives no error: {}", form.not_in_peft)};
    return {false, fmt::format("its peft_type is {}, which PEFT refuses: {}", kind.peft_type, form.not_in_peft)};
  }
  if (&form == &kind) return {true, ""};
  return {false, fmt::format("its peft_type is {}; it computes what {} does, and `convert --to peft` writes it as {}",
                             kind.peft_type, form.title, form.title)};
}

LoadsThere loads_in_release(const AdapterOptions& options, const Json& config) {
  const auto [lora_type, why_not] = released_as(options);
  if (!lora_type) return {false, why_not};
  if (*lora_type == plain_lora_type || has_lora_type(config)) return {true, ""};
  return {false, fmt::format("it needs lora_type \"{}\"; `convert --to release` writes it", *lora_type)};
}

std::string loading_text(const AdapterOptions& options) {
  if (learns_all_weights(options)) return "This folder is a Hugging Face checkpoint.\n";
  const auto [loads, why_not] = loads_in_peft(options, Json::object());
  if (loads) return "The folder loads in Hugging Face PEFT and in hyplora (`--adapter`).\n";
  if (is_hyperbolic(options)) {
    return "A hyperbolic adapter is not linear: it cannot be merged into the base, and it must not be loaded as plain LoRA. It "
           "loads in hyplora (`--adapter`).\n";
  }
  return fmt::format("The folder loads in hyplora (`--adapter`), but not in Hugging Face PEFT: {}.\n", why_not);
}

}  // namespace hyplora

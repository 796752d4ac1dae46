// Every key of PEFT's LoraConfig (0.21) and what is made of it here.
#pragma once

#include "adapter/peft_keys.h"

namespace hyplora {

enum class KeyVerdict {
  read,             // as PEFT reads it
  changes_nothing,  // of what a trained adapter computes
  only_off,         // null, false or empty; anything else is refused by name
  special           // a rule of its own in require_plain_lora
};

struct LoraKey {
  const char* name;
  KeyVerdict verdict;
};
const std::vector<LoraKey>& lora_config_keys();

/// InputError where a key says that the tensors are not all of the adapter, or that its base is not the base: initialisations
/// that moved the base's weights (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA), activated LoRA, replicated layers, routers, and so on.
/// Warns of keys that are not known.
void require_plain_lora(const PeftKeys& keys);

}  // namespace hyplora

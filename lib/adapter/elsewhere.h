// Where an adapter folder loads besides here: stock PEFT and the published releases.
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

/// `why_not`: as a clause; empty where it loads.
struct LoadsThere {
  bool loads = false;
  std::string why_not;
};

/// `config`: the folder's adapter_config.json, or an empty object.
LoadsThere loads_in_peft(const AdapterOptions& options, const Json& config);
LoadsThere loads_in_release(const AdapterOptions& options, const Json& config);

/// Whether the folder is a published release's.
bool has_lora_type(const Json& config);

}  // namespace hyplora

// adapter_config.json in PEFT's words: what our folders say to PEFT, and what PEFT's and the published release's folders say to
// us.
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

Json peft_config(const AdapterOptions& options, const fs::path& base_model, const ModelSpec& spec);

/// The folder's adapter_config.json; an empty object where there is none. InputError when it is no object.
Json read_peft_config(const fs::path& folder);

/// InputError for a wrong type, or what is not computed here.
AdapterOptions options_from_peft(const Json& config, const fs::path& path);

}  // namespace hyplora

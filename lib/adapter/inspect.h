// What an adapter folder holds and where it can be loaded, read from its files alone.
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

/// Kind, variant, targets, tensors with sizes, rank, scaling and curvature of each module, and where the adapter can be loaded
/// or why not; with `base` (a checkpoint folder, or empty) also whether it fits there. InputError where the folder cannot be
/// read.
Json inspect_adapter(const fs::path& folder, const fs::path& base);

/// What `inspect_adapter` found, as a text for people.
std::string inspection_text(const Json& inspection);

}  // namespace hyplora

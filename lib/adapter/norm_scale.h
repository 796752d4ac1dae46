// The scale that hyperbolic gates divide by (adapter/hyplora.cpp).
#pragma once

#include <string>

#include "adapter/adapter.h"

namespace hyplora {

/// Whether a parameter of this name is one.
bool is_norm_scale(const AdapterOptions& options, const std::string& parameter);

}  // namespace hyplora

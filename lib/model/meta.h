// A model of a config's shape without values: what can be counted before any weight is read.
#pragma once

#include "model/transformer.h"

namespace hyplora {

/// Every weight on the meta device; no memory is used.
Transformer shape_only(const ModelSpec& spec, bool trainable);

}  // namespace hyplora

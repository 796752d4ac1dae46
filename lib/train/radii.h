// The hyperbolic radii of a run before its first step: set from its first rows where `curvature` is "auto", and compared with
// where those rows' tokens lie. A run that goes on has them in its checkpoint.
#pragma once

#include "adapter/calibrate.h"

namespace hyplora {

/// Sets K where the options say "auto" and the adapters are `fresh`. Warns, with a module's name, where tokens lie so far out that
/// few of them will carry its gradient.
void settle_radii(Transformer& model, Adapters& adapters, const std::vector<Example>& rows, bool fresh);

}  // namespace hyplora

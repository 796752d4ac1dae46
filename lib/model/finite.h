// Values that are not finite: where they begin. A checkpoint may hold them, a type may be too narrow for a model (float16 for those that
// were trained in bfloat16), a division may make them; what is computed from them means nothing, and its reader must be told.
#pragma once

#include "model/pack.h"

namespace hyplora {

/// "the first value that is not finite comes out of module model.layers.0.mlp.up_proj", of one pass over these ids.
std::string first_not_finite(const Transformer& model, const Ids& ids);

/// As summed_loss. RunError with the module where the loss is not finite.
LossSum finite_loss(const Transformer& model, const std::vector<const Example*>& rows);

}  // namespace hyplora

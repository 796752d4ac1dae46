// How hyperbolic a trained adapter is on given rows, module by module: how far its tokens go out, in units of the radius at
// which the maps bend; what the best linear map of x (linear_fit.h, fitted on the tokens that sinh's bound does not hold) leaves
// unexplained of a token's output, as medians over all tokens and over the held ones; how many tokens meet a clamp or the
// release's flat zone.
#pragma once

#include "adapter/adapter.h"
#include "data/examples.h"

namespace hyplora {

/// {"summary": ..., "modules": [...]}. Each module: path, K, norm_scale, radius and in which formula, quantiles of |y|/radius
/// and of sinh's argument, unexplained and unexplained_held (shares; null where no token is held), the medians of both for rare and for
/// frequent tokens (token_frequency.h), and counts of tokens. `adapter`
/// is loaded onto `model`, the base without adapters. InputError where the adapter is not hyperbolic.
Json geometry_report(Transformer& model, const fs::path& adapter, const std::vector<Example>& rows);

std::string geometry_csv(const Json& report);
/// The picture: one row per module: 5 to 95 per cent of its tokens, the middle half, the median; and the unexplained share.
std::string geometry_svg(const Json& report);

}  // namespace hyplora

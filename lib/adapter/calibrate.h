// Where tokens lie in the hyperbolic space of each module: th = |x|/radius, the argument of the exponential map's sinh. Below a
// tenth the adapter is LoRA; above some radii single tokens carry its gradient. The inputs of a model's modules differ by a
// hundredfold, so that `curvature: "auto"` gives each module the K that puts the median of its tokens one radius out:
//
//     K = median(|x|)^2 / in
#pragma once

#include "adapter/adapter.h"
#include "data/examples.h"

namespace hyplora {

struct TokenDistances {
  std::string path;                // of the module
  double median = 0, largest = 0;  // th
  double bends_to = 0;             // sinh's argument is held there; 0: it is not
};

/// |x| of every token that reaches each hyperbolic adapter while the rows run through the model, float64; in the model's order.
using InputNorms = std::vector<at::Tensor>;
InputNorms input_norms(Transformer& model, const std::vector<Example>& rows);

/// Of the adapters that have a radius for their input.
std::vector<TokenDistances> token_distances(Transformer& model, const InputNorms& norms);

/// Sets each module's K, where the adapters' options say "auto". The same rows give the same K in every process.
void calibrate_curvature(Transformer& model, Adapters& adapters, const InputNorms& norms);

}  // namespace hyplora

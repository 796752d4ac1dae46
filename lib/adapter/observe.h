// Looks at what reaches the hyperbolic adapters of a model while rows run through it, without gradients.
#pragma once

#include <functional>

#include "adapter/hyperbolic.h"
#include "data/examples.h"
#include "model/transformer.h"

namespace hyplora {

/// An adapter in the model, for as long as the model keeps it.
struct Observed {
  std::string path;
  std::shared_ptr<const HyperbolicAdapter> adapter;
};

/// The model's hyperbolic adapters, in the order of its modules.
std::vector<Observed> hyperbolic_adapters(Transformer& model);

/// The adapter by its place in hyperbolic_adapters, and its input x [T, in].
using OnInput = std::function<void(size_t adapter, const at::Tensor& x)>;

/// Runs the rows, a few thousand tokens at a time.
void observe(Transformer& model, const std::vector<Example>& rows, const OnInput& see);

}  // namespace hyplora

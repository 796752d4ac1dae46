// Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): keep a function's input, compute the function again in backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace hyplora {

using TensorFunction = std::function<at::Tensor(const at::Tensor&)>;

/// function(x); its inner activations are not kept. Parameters that it reads get their gradients in backward. The result asks for
/// gradients even where x does not. The function must give the same value each time.
at::Tensor recomputed(TensorFunction function, const at::Tensor& x);

}  // namespace hyplora

// Cross-entropy of a language-model head without ever holding all logits: the tokens go through the head in chunks, and each chunk
// leaves its loss and, where it is wanted, its gradient (softmax - onehot) W at once. Logits are fp32 whatever the weights' type.
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// Sum over tokens of -log softmax(hidden W^T)[target]. hidden [N, D], weight [V, D], targets [N] int64 -> fp32 (fp64) scalar.
/// Differentiable in hidden, and in weight where it asks for gradients.
at::Tensor head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets);

}  // namespace hyplora::ops

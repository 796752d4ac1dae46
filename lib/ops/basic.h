// The decoder's small operations, each with its analytic gradient, on packed tokens: the rows of a micro-batch lie one after
// the other without padding, T tokens in all.
//
//   rms_norm   y = w * x / sqrt(mean(x^2) + eps), the mean and the quotient in fp32      Zhang & Sennrich 2019, arXiv
//   1910.07467 rope       (x1, x2) -> (x1 cos - x2 sin, x2 cos + x1 sin), halves of a head           Su et al. 2021, arXiv
//   2104.09864 gated      act(gate) * up, act silu (SwiGLU) or gelu in its tanh form (GeGLU)           Shazeer 2020, arXiv
//   2002.05202
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// x [T, D], weight [D] -> [T, D] in x's type. With `offset` the factor is 1 + w and the product is rounded once (Gemma);
/// without it the quotient is rounded to x's type before it is scaled (LLaMA).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset = false);

/// x [T, heads * head_dim]; cos, sin [T, 1, head_dim / 2] in x's type -> [T, heads * head_dim].
at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

enum class Activation { silu, gelu_tanh };

/// gate, up [T, I] -> [T, I].
at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation);

}  // namespace hyplora::ops

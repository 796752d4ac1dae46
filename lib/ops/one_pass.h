// The operations of basic.h in one pass over the numbers, on the CPU, in fp32, rounded to x's type once (rms_norm without
// offset: twice, as in basic.h). Where a handful of rows are decoded, each intermediate tensor costs more than its arithmetic.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>

#include "ops/basic.h"

namespace hyplora::ops::one_pass {

/// Whether they serve: all on the CPU, contiguous, of one type, fp32 or bf16.
bool serves(std::initializer_list<at::Tensor> tensors);

/// `scale` [T, 1] fp32 takes 1 / sqrt(mean(x^2) + eps).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset, at::Tensor& scale);
at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);
at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation);

}  // namespace hyplora::ops::one_pass

// The operations of basic.h in one pass over the numbers, forward only, for decoding on the CPU, where a handful of rows make
// each of their intermediate tensors dearer than its arithmetic. Computed in fp32, rounded to x's type once (rms_norm without
// offset: twice, as in basic.h).
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/basic.h"

namespace hyplora::ops::one_pass {

/// Whether they serve: no gradient is asked for, x is on the CPU, contiguous, fp32 or bf16.
bool serves(const at::Tensor& x);

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset);
at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);
at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation);

}  // namespace hyplora::ops::one_pass

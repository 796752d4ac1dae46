// Products with a frozen weight: y = x W^T + b and dx = g W, without a gradient for W.
//
// bf16 on a CPU without bf16 units: the library's own product is 2 to 4 times slower than in fp32 there, so the weight is
// widened block by block into a buffer that stays in cache, and the product runs in fp32; the weight itself stays bf16.
#pragma once

#include <ATen/core/Tensor.h>

namespace hyplora::ops {

/// x [T, in], weight [out, in], bias [out] or undefined -> [T, out] in x's type.
at::Tensor frozen_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
/// grad [T, out], weight [out, in] -> [T, in] in grad's type.
at::Tensor frozen_product_grad(const at::Tensor& grad, const at::Tensor& weight);

/// frozen_product and its grad by way of fp32 blocks of a bf16 weight, whatever the machine.
at::Tensor widened_product(const at::Tensor& x, const at::Tensor& weight);
at::Tensor widened_product_grad(const at::Tensor& grad, const at::Tensor& weight);

/// frozen_product with autograd for x.
at::Tensor frozen_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace hyplora::ops

// What the fused low-rank adapters share: the type of their products, y += a b^T, row norms, and the way of a gradient back to
// the input.
#pragma once

#include "adapter/derived.h"
#include "adapter/dropout.h"

namespace hyplora {

/// The adapter's products run in the base's type where the machine has units for it, else in fp32; `wants_fp32` asks for that.
at::ScalarType product_type(const at::Tensor& x, bool wants_fp32 = false);

/// y += a b^T, rounding to y's type once where the types differ.
void add_product(at::Tensor& y, const at::Tensor& a, const at::Tensor& b);

/// G = B^T B in float64, kept until B is written to.
at::Tensor gram(const at::Tensor& B, Derived& kept);

/// |x_t| [T] in float64, summed in fp32 (float64 for float64).
at::Tensor row_norms(const at::Tensor& x);

/// dx += D (dz A + weight x~), D = dropout's mask / share or 1; x~ = D x [T, in]; weight [T] may be undefined.
void add_input_gradient(at::Tensor& dx, const at::Tensor& dz, const at::Tensor& A, const at::Tensor& weight,
                        const at::Tensor& dropped, const Mask& mask);

}  // namespace hyplora

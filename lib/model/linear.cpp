#include "model/linear.h"

#include <ATen/ops/linear.h>

#include "ops/products.h"

namespace hyplora {

Linear Linear::from(const Weights& w, int64_t in, int64_t out, bool bias) {
  return {w.path(), w.get("weight", {out, in}), bias ? w.get("bias", {out}) : at::Tensor(), nullptr};
}

at::Tensor Linear::product(const at::Tensor& x) const {
  return weight.requires_grad() ? at::linear(x, weight, bias) : ops::frozen_linear(x, weight, bias);
}

}  // namespace hyplora

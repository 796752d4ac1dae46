// A linear layer y = x W^T + b with a slot for an adapter, which may add to it or take its place.
#pragma once

#include <memory>
#include <string>

#include "model/weights.h"

namespace hyplora {

struct Linear;

/// What an adapter does to one linear layer. `forward` returns what to use instead of the base's product; x [T, in] -> [T, out].
class LinearAdapter {
 public:
  virtual ~LinearAdapter() = default;
  virtual at::Tensor forward(const at::Tensor& x, const Linear& base) const = 0;
};

struct Linear {
  std::string path;   // Hugging Face's module path, for example model.layers.0.self_attn.q_proj
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<LinearAdapter> adapter;

  /// Built from `w`, the module's place in the checkpoint.
  static Linear from(const Weights& w, int64_t in, int64_t out, bool bias);

  int64_t in() const { return weight.size(1); }
  int64_t out() const { return weight.size(0); }
  at::Tensor product(const at::Tensor& x) const;
  at::Tensor forward(const at::Tensor& x) const { return adapter ? adapter->forward(x, *this) : product(x); }
};

}  // namespace hyplora

// Keys and values of the tokens that a row has been through, one pair a layer. Rows are apart from each other, so that they may
// enter and leave a batch at any time; room grows by doubling.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace hyplora {

class KvRow {
 public:
  explicit KvRow(int64_t layers) : layers_(static_cast<size_t>(layers)) {}

  /// Tokens kept so far. Moves on when `advance` is called after the last layer.
  int64_t length() const { return length_; }
  void advance(int64_t tokens) { length_ += tokens; }

  /// Appends a layer's next `count` tokens, rows `first` on of keys and values [T, kv_heads * head_dim]; returns all of that
  /// layer's, old and new.
  std::pair<at::Tensor, at::Tensor> append(int64_t layer, const at::Tensor& keys, const at::Tensor& values, int64_t first,
                                           int64_t count);

 private:
  struct Layer {
    at::Tensor keys, values;  // [room, kv_heads * head_dim]
  };
  std::vector<Layer> layers_;
  int64_t length_ = 0;
};

}  // namespace hyplora

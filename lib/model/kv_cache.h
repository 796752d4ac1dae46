// Keys and values of the tokens that a row has been through, one pair per layer. Rows are apart from each other, so that they may
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

  /// Puts keys and values [n, kv_heads * head_dim] before a layer's first token, in an empty row. They are seen by all tokens
  /// but are none themselves: `length` leaves them out.
  void lead(int64_t layer, const at::Tensor& keys, const at::Tensor& values);
  /// Appends a layer's next `count` tokens, rows `first` on of keys and values [T, kv_heads * head_dim]; returns all of that
  /// layer's, those before the first token included.
  std::pair<at::Tensor, at::Tensor> append(int64_t layer, const at::Tensor& keys, const at::Tensor& values, int64_t first,
                                           int64_t count);

 private:
  struct Layer {
    at::Tensor keys, values;  // [room, kv_heads * head_dim]
  };
  std::vector<Layer> layers_;
  int64_t length_ = 0, lead_ = 0;
};

}  // namespace hyplora

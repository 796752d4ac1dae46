// Examples -> a micro-batch of packed tokens: rows one after the other, no padding, and only the positions that carry loss.
#pragma once

#include "data/examples.h"
#include "model/transformer.h"

namespace hyplora {

struct PackedBatch {
  TokenBatch tokens;
  at::Tensor positions;  // [N]: packed positions whose next token is supervised
  at::Tensor targets;    // [N]: those next tokens
  int64_t token_count = 0, supervised = 0;
};

PackedBatch pack(const std::vector<const Example*>& rows, at::Device device);

/// Sum of the cross-entropies and number of supervised tokens.
struct LossSum {
  double loss = 0;
  int64_t tokens = 0;

  double mean() const { return loss / static_cast<double>(tokens); }
  LossSum& operator+=(const LossSum& other);
};

/// Of one forward pass over the rows, without gradients.
LossSum summed_loss(const Transformer& model, const std::vector<const Example*>& rows);

}  // namespace hyplora

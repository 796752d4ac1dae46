#include "model/pack.h"

#include <ATen/core/grad_mode.h>
#include "ops/upload.h"

namespace hyplora {

PackedBatch pack(const std::vector<const Example*>& rows, at::Device device) {
  PackedBatch batch;
  Ids ids, positions, targets;
  for (const Example* row : rows) {
    const auto first = static_cast<int64_t>(ids.size());
    ids.insert(ids.end(), row->ids.begin(), row->ids.end());
    batch.tokens.lengths.push_back(static_cast<int64_t>(row->ids.size()));
    for (size_t i = 1; i < row->labels.size(); ++i) {
      if (row->labels[i] == no_loss) continue;
      positions.push_back(first + static_cast<int64_t>(i) - 1);
      targets.push_back(row->labels[i]);
    }
  }
  batch.token_count = static_cast<int64_t>(ids.size());
  batch.supervised = static_cast<int64_t>(targets.size());
  const auto there = ops::upload({ids, places_of(batch.tokens), positions, targets}, device);
  batch.tokens.ids = there[0];
  batch.tokens.places = there[1];
  batch.positions = there[2];
  batch.targets = there[3];
  return batch;
}

LossSum& LossSum::operator+=(const LossSum& other) {
  loss += other.loss;
  tokens += other.tokens;
  return *this;
}

LossSum summed_loss(const Transformer& model, const std::vector<const Example*>& rows) {
  const at::NoGradGuard no_grad;
  const PackedBatch batch = pack(rows, model.device());
  return {model.loss(batch.tokens, batch.positions, batch.targets).item<double>(), batch.supervised};
}

}  // namespace hyplora

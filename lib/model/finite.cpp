#include "model/finite.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "core/error.h"

namespace hyplora {

std::string first_not_finite(const Transformer& model, const Ids& ids) {
  const at::NoGradGuard no_grad;
  std::string culprit;
  model.set_probe([&](const std::string& path, const at::Tensor& output) {
    if (culprit.empty() && !output.isfinite().all().item<bool>()) culprit = path;
  });
  TokenBatch batch;
  batch.ids = at::tensor(ids, at::kLong).to(model.device());
  batch.lengths = {static_cast<int64_t>(ids.size())};
  model.logits(model.final_norm(model.blocks(batch)));
  model.set_probe({});
  if (culprit.empty()) return "every module's output is finite";
  return "the first value that is not finite comes out of module " + culprit;
}

LossSum finite_loss(const Transformer& model, const std::vector<const Example*>& rows) {
  const LossSum sum = summed_loss(model, rows);
  if (std::isfinite(sum.loss)) return sum;
  for (const Example* row : rows) {
    if (std::isfinite(summed_loss(model, {row}).loss)) continue;
    throw RunError("{}: its loss is not finite; {}. Another dtype may help.", row->where, first_not_finite(model, row->ids));
  }
  throw RunError("{}: the loss of it and the {} rows after it is not finite, although each one's is.", rows.front()->where,
                 rows.size() - 1);
}

}  // namespace hyplora

#include "analysis/token_frequency.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/quantile.h>
#include <ATen/ops/tensor.h>

#include <unordered_map>

namespace hyplora {

FrequencyClasses by_frequency(const std::vector<Example>& rows) {
  std::unordered_map<int64_t, double> occurrences;
  for (const Example& row : rows) {
    for (const int64_t id : row.ids) ++occurrences[id];
  }
  std::vector<double> of_token;
  for (const Example& row : rows) {
    for (size_t i = 0; i < row.ids.size(); ++i) of_token.push_back(i == 0 ? 0 : occurrences[row.ids[i]]);
  }
  const at::Tensor counts = at::tensor(of_token, at::kDouble), inner = counts.masked_select(counts > 0);
  if (inner.numel() == 0) return {counts > 0, counts > 0};
  const at::Tensor low = at::quantile(inner, 0.25), high = at::quantile(inner, 0.75);
  return {(counts > 0).logical_and(counts <= low).logical_and(counts < high), (counts >= high).logical_and(counts > low)};
}

}  // namespace hyplora

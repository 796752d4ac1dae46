#include "adapter/calibrate.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>

#include "adapter/observe.h"

namespace hyplora {

InputNorms input_norms(Transformer& model, const std::vector<Example>& rows) {
  std::vector<std::vector<at::Tensor>> parts(hyperbolic_adapters(model).size());
  observe(model, rows, [&](size_t adapter, const at::Tensor& x) {
    parts[adapter].push_back(at::linalg_vector_norm(x.to(at::kDouble), 2, at::IntArrayRef{1}).cpu());
  });
  InputNorms norms;
  for (const auto& of_adapter : parts) norms.push_back(at::cat(of_adapter));
  return norms;
}

std::vector<TokenDistances> token_distances(Transformer& model, const InputNorms& norms) {
  const auto observed = hyperbolic_adapters(model);
  std::vector<TokenDistances> found;
  for (size_t i = 0; i < observed.size(); ++i) {
    const GateShape shape = observed[i].adapter->shape();
    if (shape.input_radius <= 0) continue;
    const at::Tensor distances = norms[i] / shape.input_radius;
    found.push_back({observed[i].path, distances.median().item<double>(), distances.max().item<double>(), shape.held_above});
  }
  return found;
}

void calibrate_curvature(Transformer& model, Adapters& adapters, const InputNorms& norms) {
  if (!adapters.options().curvature.is_auto) return;
  const auto observed = hyperbolic_adapters(model);
  for (size_t i = 0; i < observed.size(); ++i) {
    const double median = norms[i].median().item<double>(), in = static_cast<double>(observed[i].adapter->inner().size(1));
    if (median > 0) adapters.set_curvature(observed[i].path, median * median / in);
  }
}

}  // namespace hyplora

#include "adapter/calibrate.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>

#include "adapter/observe.h"

namespace hyplora {
namespace {

/// |x| of all tokens that reach each adapter, float64.
std::vector<at::Tensor> input_norms(Transformer& model, const std::vector<Example>& rows, size_t adapters) {
  std::vector<std::vector<at::Tensor>> parts(adapters);
  observe(model, rows, [&](size_t adapter, const at::Tensor& x) {
    parts[adapter].push_back(at::linalg_vector_norm(x.to(at::kDouble), 2, at::IntArrayRef{1}).cpu());
  });
  std::vector<at::Tensor> norms;
  for (const auto& of_adapter : parts) norms.push_back(at::cat(of_adapter));
  return norms;
}

}  // namespace

std::vector<TokenDistances> token_distances(Transformer& model, const std::vector<Example>& rows) {
  const auto observed = hyperbolic_adapters(model);
  const auto norms = input_norms(model, rows, observed.size());
  std::vector<TokenDistances> found;
  for (size_t i = 0; i < observed.size(); ++i) {
    const GateShape shape = observed[i].adapter->shape();
    if (shape.input_radius <= 0) continue;
    const at::Tensor distances = norms[i] / shape.input_radius;
    found.push_back({observed[i].path, distances.median().item<double>(), distances.max().item<double>(), shape.held_above});
  }
  return found;
}

void calibrate_curvature(Transformer& model, Adapters& adapters, const std::vector<Example>& rows) {
  if (!adapters.options().curvature.is_auto) return;
  const auto observed = hyperbolic_adapters(model);
  const auto norms = input_norms(model, rows, observed.size());
  for (size_t i = 0; i < observed.size(); ++i) {
    const double median = norms[i].median().item<double>(), in = static_cast<double>(observed[i].adapter->inner().size(1));
    if (median > 0) adapters.set_curvature(observed[i].path, median * median / in);
  }
}

}  // namespace hyplora

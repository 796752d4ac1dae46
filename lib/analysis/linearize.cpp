#include "analysis/linearize.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>

#include "adapter/kinds.h"
#include "adapter/observe.h"
#include "analysis/linear_fit.h"
#include "core/error.h"
#include "model/finite.h"

namespace hyplora {
namespace {

/// A LoRA of one module without its scaling, float64: x -> B A x.
struct Product {
  at::Tensor A, B;  // [rank, in], [out, rank]
};

/// B M of the fit, or the `rank` directions that keep most of sum |B M x|^2 over its tokens.
Product product_of(const HyperbolicAdapter& adapter, const LinearFit& fit, int64_t rank) {
  const at::Tensor B = adapter.outer();
  if (rank >= B.size(1)) return {fit.map(), B};
  const auto [Q, R] = at::linalg_qr(B);
  const auto [values, vectors] = at::linalg_eigh(fit.spread());
  const at::Tensor root = vectors * values.clamp_min(0).sqrt();
  const at::Tensor kept = std::get<0>(at::linalg_svd(at::mm(R, root), false)).narrow(1, 0, rank);
  return {at::mm(at::mm(kept.t(), R), fit.map()), at::mm(Q, kept)};
}

std::vector<double> errors_on(Transformer& model, const std::vector<Observed>& adapters, const std::vector<Product>& products,
                              const std::vector<Example>& rows) {
  std::vector<double> left(adapters.size()), whole(adapters.size());
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    const TokenGeometry tokens = adapters[i].adapter->geometry(x);
    const at::Tensor added = at::mm(tokens.codes, adapters[i].adapter->outer().t());
    const at::Tensor linear = at::mm(at::mm(x.to(at::kDouble), products[i].A.t()), products[i].B.t());
    left[i] += (added - linear).square().sum().item<double>();
    whole[i] += added.square().sum().item<double>();
  });
  for (size_t i = 0; i < left.size(); ++i) left[i] = whole[i] > 0 ? std::sqrt(left[i] / whole[i]) : 0;
  return left;
}

AdapterOptions hyperbolic_options(const fs::path& adapter) {
  AdapterOptions options = read_adapter_options(adapter);
  if (!is_hyperbolic(options)) {
    throw InputError("{}: is no hyperbolic adapter ({}); only those are linearized.", adapter.string(), adapter_text(options));
  }
  return options;
}

/// The scaling is inside the product.
AdapterOptions lora_options(AdapterOptions options, std::optional<int64_t> rank) {
  options.adapter = lora_kind.name;
  options.hyplora_variant = AdapterOptions().hyplora_variant;
  options.lora_dropout = 0;
  options.use_rslora = false;
  options.alpha_pattern.clear();
  if (rank) {
    options.lora_r = *rank;
    options.rank_pattern.clear();
  }
  options.lora_alpha = static_cast<double>(options.lora_r);
  return options;
}

void check_rank(const std::vector<Observed>& adapters, std::optional<int64_t> rank) {
  for (const auto& [path, adapter] : adapters) {
    if (rank && (*rank < 1 || *rank > adapter->inner().size(0)))
      throw InputError("--rank: found {}, expected 1 to {}, the adapter's rank at {}.", *rank, adapter->inner().size(0), path);
  }
}

double mean_loss(const Transformer& model, const std::vector<Example>& rows) {
  LossSum sum;
  for (const auto& row : rows) sum += finite_loss(model, {&row});
  return sum.mean();
}

/// Puts the products into a fresh LoRA on the model.
Adapters attach_products(Transformer& model, const AdapterOptions& options, const std::vector<Observed>& adapters,
                         const std::vector<Product>& products) {
  const at::NoGradGuard no_grad;
  const Adapters lora = Adapters::attach(model, options, 0);
  std::map<std::string, at::Tensor> values;
  for (const auto& [name, value, is_curvature] : lora.trained()) values[name] = value;
  for (size_t i = 0; i < adapters.size(); ++i) {
    const std::string prefix = "base_model.model." + adapters[i].path + ".";
    values.at(prefix + "lora_A.weight").copy_(products[i].A);
    values.at(prefix + "lora_B.weight").copy_(products[i].B / scale_of(options, adapters[i].path));
  }
  return lora;
}

std::string card(const LinearizeOptions& options, const AdapterOptions& hyperbolic, const Linearization& found) {
  std::string text = fmt::format(
      "# A linear approximation\n\nThis LoRA approximates a hyperbolic adapter ({}). It is not the same function: a hyperbolic "
      "adapter is not "
      "linear in its input.\nFitted by least squares on {} rows ({} tokens); errors below are |d - d'|/|d| on {} rows that "
      "were held back.\n\n"
      "base model: {}\n\n| held-back loss | |\n|---|---|\n| base | {:.5f} |\n| hyperbolic adapter | {:.5f} |\n| this LoRA | "
      "{:.5f} "
      "|\n\n| module | rank | error, calibration | error, held back |\n|---|---|---|---|\n",
      adapter_text(hyperbolic), found.calibration_rows, found.calibration_tokens, found.heldout_rows, options.base.string(),
      found.base_loss, found.hyperbolic_loss, found.linear_loss);
  for (const auto& m : found.modules)
    text += fmt::format("| {} | {} | {:.3g} | {:.3g} |\n", m.path, m.rank, m.calibration_error, m.heldout_error);
  return text;
}

int64_t tokens_of(const std::vector<Example>& rows) {
  int64_t tokens = 0;
  for (const auto& row : rows) tokens += static_cast<int64_t>(row.ids.size());
  return tokens;
}

}  // namespace

Json Linearization::to_json() const {
  Json rows = Json::array();
  for (const auto& m : modules) {
    rows.push_back(
        {{"path", m.path}, {"rank", m.rank}, {"calibration_error", m.calibration_error}, {"heldout_error", m.heldout_error}});
  }
  return {{"approximate", true},
          {"calibration_rows", calibration_rows},
          {"calibration_tokens", calibration_tokens},
          {"heldout_rows", heldout_rows},
          {"heldout_tokens", heldout_tokens},
          {"heldout_loss", {{"base", base_loss}, {"hyperbolic", hyperbolic_loss}, {"linear", linear_loss}}},
          {"modules", rows}};
}

Linearization linearize_adapter(Transformer& model, const LinearizeOptions& options, const fs::path& output) {
  const AdapterOptions hyperbolic = hyperbolic_options(options.adapter), linear = lora_options(hyperbolic, options.rank);
  Linearization found;
  found.calibration_rows = static_cast<int64_t>(options.calibration.size());
  found.calibration_tokens = tokens_of(options.calibration);
  found.heldout_rows = static_cast<int64_t>(options.heldout.size());
  found.heldout_tokens = tokens_of(options.heldout);
  found.base_loss = mean_loss(model, options.heldout);
  const Adapters loaded = Adapters::load(model, options.adapter);
  const std::vector<Observed> adapters = hyperbolic_adapters(model);
  check_rank(adapters, options.rank);
  found.hyperbolic_loss = mean_loss(model, options.heldout);

  const auto fits = fit_linear_maps(model, adapters, options.calibration);
  std::vector<Product> products;
  for (size_t i = 0; i < adapters.size(); ++i)
    products.push_back(product_of(*adapters[i].adapter, fits[i], rank_of(linear, adapters[i].path)));
  const auto calibration = errors_on(model, adapters, products, options.calibration),
             heldout = errors_on(model, adapters, products, options.heldout);
  for (size_t i = 0; i < adapters.size(); ++i)
    found.modules.push_back({adapters[i].path, products[i].B.size(1), calibration[i], heldout[i]});

  detach_adapters(model);
  const Adapters lora = attach_products(model, linear, adapters, products);
  found.linear_loss = mean_loss(model, options.heldout);
  lora.save(output, options.base);
  Json notes = found.to_json();
  notes["approximates"] = {{"adapter", options.adapter.string()}, {"kind", adapter_text(hyperbolic)}};
  write_own_config(output, linear, notes);
  write_file(output / "README.md", card(options, hyperbolic, found));
  return found;
}

}  // namespace hyplora

#include "adapter/adapter.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "adapter/patterns.h"
#include "core/error.h"

namespace hyplora {
namespace {

/// The variants of "hyplora": a name and its gates.
struct Variant {
  const char* name;
  std::shared_ptr<const Gates> (*gates)();
};
constexpr Variant variants[] = {
    {"lorentz", lorentz_gates},
    {"release", release_gates},
};

std::shared_ptr<const Gates> no_gates(const AdapterOptions&) { return nullptr; }
std::shared_ptr<const Gates> variant_gates(const AdapterOptions& options) {
  const auto row = std::find_if(std::begin(variants), std::end(variants),
                                [&](const Variant& v) { return options.hyplora_variant == v.name; });
  if (row == std::end(variants)) {
    throw InputError("hyplora_variant: found \"{}\", expected one of {}.", options.hyplora_variant,
                     fmt::join(hyplora_variants(), ", "));
  }
  return row->gates();
}

/// The kinds of adapter: the low-rank ones by their gates; without gates_of, all weights are trained.
struct Kind {
  const char* name;
  std::shared_ptr<const Gates> (*gates_of)(const AdapterOptions&);
};
constexpr Kind kinds[] = {
    {"hyplora", variant_gates},
    {"lora", no_gates},
    {"full", nullptr},
};

const Kind& find_kind(const std::string& name) {
  const auto row = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return name == k.name; });
  if (row == std::end(kinds)) {
    throw InputError("adapter: found \"{}\", expected one of {}.", name, fmt::join(adapter_kinds(), ", "));
  }
  return *row;
}

uint64_t mixed(uint64_t seed, uint64_t index) {  // splitmix64's finaliser over both
  uint64_t x = seed + 0x9e3779b97f4a7c15u * (index + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class LowRankAdapter : public LinearAdapter {
 public:
  LowRankAdapter(LowRank parts, std::shared_ptr<const Dropout> dropout, uint64_t index)
      : parts_(std::move(parts)), dropout_(std::move(dropout)), index_(index) {}

  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    if (!dropout_->active || dropout_->rate == 0) return low_rank_linear(x, base, parts_);
    const double keep = 1 - dropout_->rate;
    at::Generator generator = at::globalContext().defaultGenerator(x.device()).clone();
    generator.set_current_seed(mixed(dropout_->seed, index_));
    return low_rank_linear(x, base, parts_, at::empty(x.sizes(), x.options().dtype(at::kBool)).bernoulli_(keep, generator),
                           keep);
  }

 private:
  LowRank parts_;
  std::shared_ptr<const Dropout> dropout_;
  uint64_t index_;
};

/// A: kaiming-uniform with a = sqrt 5, that is uniform within 1/sqrt(in); B: zero.
LowRank fresh(const Linear& linear, const AdapterOptions& options, const std::shared_ptr<const Gates>& gates,
              at::Generator& generator) {
  const int64_t rank = pattern_value(options.rank_pattern, linear.path, options.lora_r);
  const double alpha = pattern_value(options.alpha_pattern, linear.path, options.lora_alpha);
  if (rank < 1) throw InputError("rank_pattern: found rank {} for {}, expected at least 1.", rank, linear.path);
  const auto parameter = [&](const at::Tensor& value) {
    return value.to(linear.weight.device(), linear.weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat)
        .requires_grad_();
  };
  const double bound = 1 / std::sqrt(static_cast<double>(linear.in()));
  LowRank parts;
  parts.A = parameter(at::empty({rank, linear.in()}, at::kFloat).uniform_(-bound, bound, generator));
  parts.B = parameter(at::zeros({linear.out(), rank}, at::kFloat));
  parts.scale = alpha / (options.use_rslora ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
  parts.gates = gates;
  if (gates) parts.k = parameter(at::scalar_tensor(gates->stored_k(options.curvature))).requires_grad_(options.train_curvature);
  if (gates && gates->has_norm_scale()) parts.norm_scale = parameter(at::scalar_tensor(1 / bound));
  return parts;
}

}  // namespace

std::vector<std::string> adapter_kinds() {
  std::vector<std::string> names;
  for (const auto& row : kinds) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> hyplora_variants() {
  std::vector<std::string> names;
  for (const auto& row : variants) names.emplace_back(row.name);
  return names;
}

Fields& add_adapter_fields(Fields& fields, AdapterOptions& o) {
  return fields
      .add("adapter", o.adapter, "what is trained: hyperbolic low-rank adapters, LoRA, or all weights", one_of(adapter_kinds()))
      .add("hyplora_variant", o.hyplora_variant, "lorentz: the paper's equations; release: as the published code computes them",
           one_of(hyplora_variants()))
      .add("lora_r", o.lora_r, "rank", between(1, 1 << 20))
      .add("lora_alpha", o.lora_alpha, "scaling is alpha/r", above(0))
      .add("lora_dropout", o.lora_dropout, "dropout on the adapter's input", between(0, 0.999))
      .add("use_rslora", o.use_rslora, "scaling is alpha/sqrt(r)")
      .add("target_modules", o.target_modules,
           "suffixes of module paths, a regular expression on the whole path, or \"all-linear\"", not_empty())
      .add("rank_pattern", o.rank_pattern, "rank by module: regular expression for a path's end -> rank", at_least(1))
      .add("alpha_pattern", o.alpha_pattern, "alpha by module", above(0))
      .add("curvature", o.curvature, "initial curvature parameter: K of lorentz, raw k of release")
      .add("train_curvature", o.train_curvature, "whether the curvature learns");
}

void check_adapter_options(const AdapterOptions& options) {
  if (options.adapter == "hyplora" && options.hyplora_variant == "lorentz" && !(options.curvature > 0)) {
    throw InputError("curvature: found {}, expected a number above 0 (K of the lorentz variant).", options.curvature);
  }
}

Adapters Adapters::attach(Transformer& model, const AdapterOptions& options, uint64_t seed) {
  check_adapter_options(options);
  Adapters adapters;
  adapters.options_ = options;
  adapters.model_ = &model;
  adapters.dropout_->rate = options.lora_dropout;
  const Kind& kind = find_kind(options.adapter);
  if (kind.gates_of == nullptr) {
    for (auto& [name, weight] : model.named_weights()) adapters.parameters_.push_back({name, weight, false});
    return adapters;
  }
  const auto gates = kind.gates_of(options);
  at::Generator generator = at::detail::createCPUGenerator(seed);
  uint64_t index = 0;
  for (Linear* linear : target_linears(model, options.target_modules)) {
    const LowRank parts = fresh(*linear, options, gates, generator);
    const std::string name = "base_model.model." + linear->path;
    adapters.parameters_.push_back({name + ".lora_A.weight", parts.A, false});
    adapters.parameters_.push_back({name + ".lora_B.weight", parts.B, false});
    if (parts.k.defined()) adapters.parameters_.push_back({name + ".lora_k", parts.k, true});
    if (parts.norm_scale.defined()) adapters.parameters_.push_back({name + ".lora_norm_scale", parts.norm_scale, false});
    linear->adapter = std::make_shared<LowRankAdapter>(parts, adapters.dropout_, index++);
  }
  return adapters;
}

std::vector<Parameter> Adapters::trained() const {
  std::vector<Parameter> learning;
  std::copy_if(parameters_.begin(), parameters_.end(), std::back_inserter(learning),
               [](const Parameter& p) { return p.value.requires_grad(); });
  return learning;
}

int64_t Adapters::trained_count() const {
  int64_t count = 0;
  for (const auto& parameter : trained()) count += parameter.value.numel();
  return count;
}

NamedTensors Adapters::tensors() const {
  NamedTensors named;
  for (const auto& parameter : parameters_) named.emplace_back(parameter.name, parameter.value);
  return named;
}

std::optional<std::array<double, 3>> Adapters::curvature_summary() const {
  double least = INFINITY, sum = 0, most = -INFINITY;
  int64_t count = 0;
  for (const auto& parameter : parameters_) {
    if (!parameter.is_curvature) continue;
    const double k = parameter.value.item<double>();
    const double K = options_.hyplora_variant == "lorentz" ? std::exp(k) : std::log1p(std::exp(k)) + 1e-6;
    least = std::min(least, K);
    most = std::max(most, K);
    sum += K;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return std::array{least, sum / static_cast<double>(count), most};
}

void detach_adapters(Transformer& model) {
  for (Linear* linear : model.linears()) linear->adapter = nullptr;
}

void Adapters::start_dropout(uint64_t seed) {
  dropout_->active = true;
  dropout_->seed = seed;
}

void Adapters::stop_dropout() { dropout_->active = false; }

}  // namespace hyplora

#include "adapter/adapter.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "adapter/kinds.h"
#include "adapter/patterns.h"
#include "core/error.h"

namespace hyplora {
namespace {

/// "full": every weight of the model.
std::vector<Parameter> take_all_weights(Transformer& model, const AdapterOptions&, at::Generator&) {
  std::vector<Parameter> all;
  for (auto& [name, weight] : model.named_weights()) all.push_back({name, weight, false});
  return all;
}

constexpr const char* bends = "it bends what a layer computes, which is no longer linear in its input";

constexpr Kind kinds[] = {
    {"hyplora", "HypLoRA", "HYPLORA", true, "a hyperbolic adapter is not linear in its input", fit_hyplora, nullptr},
    {"lora", "LoRA", "LORA", true, nullptr, fit_lora, nullptr},
    {"dora", "DoRA", "LORA", true, nullptr, fit_dora, nullptr},
    {"series", "series bottleneck", "BOTTLENECK", true, bends, fit_series, nullptr},
    {"parallel", "parallel bottleneck", "BOTTLENECK", true, bends, fit_parallel, nullptr},
    {"prefix", "prefix tuning", "PREFIX_TUNING", false, "it adds keys and values and changes no weight", nullptr, take_prefix},
    {"full", "all weights", "", true, "it is a whole checkpoint", nullptr, take_all_weights},
};

}  // namespace

const Kind& find_kind(const std::string& name) {
  const auto row = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return name == k.name; });
  if (row == std::end(kinds)) {
    throw InputError("adapter: found \"{}\", expected one of {}.", name, fmt::join(adapter_kinds(), ", "));
  }
  return *row;
}

std::vector<std::string> adapter_kinds() {
  std::vector<std::string> names;
  for (const auto& row : kinds) names.emplace_back(row.name);
  return names;
}

std::string peft_type_of(const AdapterOptions& options) { return find_kind(options.adapter).peft_type; }

int64_t rank_of(const AdapterOptions& options, const std::string& path) {
  const int64_t rank = pattern_value(options.rank_pattern, path, options.lora_r);
  if (rank < 1) throw InputError("rank_pattern: found rank {} for {}, expected at least 1.", rank, path);
  return rank;
}

double scale_of(const AdapterOptions& options, const std::string& path) {
  const auto r = static_cast<double>(rank_of(options, path));
  return pattern_value(options.alpha_pattern, path, options.lora_alpha) / (options.use_rslora ? std::sqrt(r) : r);
}

at::Tensor Site::uniform(at::IntArrayRef shape, double bound) const {
  return at::empty(shape, at::kFloat).uniform_(-bound, bound, generator);
}

at::Tensor Site::parameter(const at::Tensor& value) const {
  return value.to(linear.weight.device(), linear.weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat)
      .requires_grad_();
}

Adapters Adapters::attach(Transformer& model, const AdapterOptions& options, uint64_t seed) {
  check_adapter_options(options);
  Adapters adapters;
  adapters.options_ = options;
  adapters.model_ = &model;
  adapters.dropout_->rate = options.lora_dropout;
  const Kind& kind = find_kind(options.adapter);
  at::Generator generator = at::detail::createCPUGenerator(seed);
  if (kind.take_model != nullptr) {
    adapters.parameters_ = kind.take_model(model, options, generator);
    return adapters;
  }
  uint64_t number = 0;
  for (Linear* linear : target_linears(model, options)) {
    const Fitted fitted = kind.fit({*linear, options, ModuleDropout(adapters.dropout_, number++), generator});
    for (const auto& [name, value, is_curvature] : fitted.parameters) {
      adapters.parameters_.push_back({"base_model.model." + linear->path + "." + name, value, is_curvature});
    }
    adapters.kept_wide_ += fitted.kept.wide;
    adapters.kept_base_ += fitted.kept.base;
    linear->adapter = fitted.adapter;
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
    const double K = curvature_of(options_, parameter.value.item<double>());
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
  model.set_virtual_tokens({});
}

void Adapters::start_dropout(uint64_t seed) {
  dropout_->active = true;
  dropout_->seed = seed;
}

void Adapters::stop_dropout() { dropout_->active = false; }

}  // namespace hyplora

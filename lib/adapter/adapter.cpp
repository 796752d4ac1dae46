#include "adapter/adapter.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapter/kinds.h"

namespace hyplora {
namespace {

std::string parameter_name(const std::string& module, const std::string& name) {
  return fmt::format("base_model.model.{}.{}", module, name);
}

}  // namespace

Adapters Adapters::attach(Transformer& model, const AdapterOptions& options, uint64_t seed) {
  check_adapter_options(options);
  Adapters adapters;
  adapters.options_ = options;
  adapters.model_ = &model;
  adapters.dropout_->rate = options.lora_dropout;
  const Kind& kind = form_of(options);
  at::Generator generator = at::detail::createCPUGenerator(seed);
  if (kind.take_model != nullptr) {
    adapters.parameters_ = kind.take_model(model, options, generator);
    return adapters;
  }
  uint64_t number = 0;
  for (Linear* linear : target_linears(model, options)) {
    const Fitted fitted = kind.fit({*linear, options, ModuleDropout(adapters.dropout_, number++), generator});
    for (const auto& [name, value, is_curvature] : fitted.parameters) {
      adapters.parameters_.push_back({parameter_name(linear->path, name), value, is_curvature});
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

at::Tensor Adapters::stored_curvatures() const {
  std::vector<at::Tensor> stored;
  for (const auto& parameter : parameters_) {
    if (parameter.is_curvature) stored.push_back(parameter.value.detach());
  }
  return stored.empty() ? at::Tensor() : at::stack(stored).to(at::kDouble);
}

std::optional<std::array<double, 3>> Adapters::curvature_summary(const at::Tensor& stored) const {
  if (!stored.defined() || stored.numel() == 0) return std::nullopt;
  const at::Tensor here = stored.cpu();
  double least = INFINITY, sum = 0, most = -INFINITY;
  for (int64_t i = 0; i < here.numel(); ++i) {
    const double K = curvature_of(options_, here[i].item<double>());
    least = std::min(least, K);
    most = std::max(most, K);
    sum += K;
  }
  return std::array{least, sum / static_cast<double>(here.numel()), most};
}

void Adapters::set_curvature(const std::string& path, double K) {
  const at::NoGradGuard no_grad;
  for (const auto& parameter : parameters_) {
    if (parameter.is_curvature && parameter.name == parameter_name(path, "lora_k"))
      parameter.value.fill_(stored_k(options_, K));
  }
}

void detach_adapters(Transformer& model) {
  for (Linear* linear : model.linears()) linear->adapter = nullptr;
  model.set_virtual_tokens({});
  model.set_ends({}, {});
}

void Adapters::start_dropout(uint64_t seed) {
  dropout_->active = true;
  dropout_->seed = seed;
}

void Adapters::stop_dropout() { dropout_->active = false; }

}  // namespace hyplora

#include "train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include "core/error.h"

namespace hyplora {
namespace {

at::Tensor& gradient_of(const at::Tensor& value) { return value.mutable_grad(); }

}  // namespace

AdamW::AdamW(std::vector<Parameter> parameters, const TrainOptions& o)
    : parameters_(std::move(parameters)),
      beta1_(o.adam_beta1),
      beta2_(o.adam_beta2),
      epsilon_(o.adam_epsilon),
      decay_(o.weight_decay) {
  plain_.rate = o.learning_rate;
  curvature_.rate = o.curvature_learning_rate.value_or(o.learning_rate);
  for (const auto& parameter : parameters_) {
    Group& group = parameter.is_curvature ? curvature_ : plain_;
    group.values.push_back(parameter.value);
    group.averages.push_back(at::zeros_like(parameter.value).detach());
    group.squares.push_back(at::zeros_like(parameter.value).detach());
    group.steps.push_back(at::scalar_tensor(0, parameter.value.options().dtype(at::kFloat)));
  }
}

at::Tensor AdamW::clip_gradients(double most) {
  const at::NoGradGuard no_grad;
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients())));
  if (most > 0) scale_gradients((most / (norm + 1e-6)).clamp_max(1));
  return norm;
}

void AdamW::scale_gradients(const at::Tensor& by) {
  const at::NoGradGuard no_grad;
  at::_foreach_mul_(gradients(), by);
}

std::vector<at::Tensor> AdamW::gradients() const {
  std::vector<at::Tensor> all;
  for (const auto& parameter : parameters_) {
    if (gradient_of(parameter.value).defined()) all.push_back(gradient_of(parameter.value));
  }
  return all;
}

void AdamW::step(double factor, const at::Tensor& watched, const at::Tensor& left_out) {
  const at::NoGradGuard no_grad;
  const at::Tensor bad = watched.isfinite().logical_not().to(at::kFloat);
  held_ = held_.defined() ? held_.maximum(bad) : bad;
  const at::Tensor skip = left_out.defined() ? held_.maximum(left_out) : held_;
  step_group(plain_, factor, skip);
  step_group(curvature_, factor, skip);
  clear_gradients();
}

void AdamW::step_group(Group& group, double factor, const at::Tensor& skip) {
  std::vector<at::Tensor> values, gradients, averages, squares, steps;
  for (size_t i = 0; i < group.values.size(); ++i) {
    if (!gradient_of(group.values[i]).defined()) continue;
    values.push_back(group.values[i]);
    gradients.push_back(gradient_of(group.values[i]));
    averages.push_back(group.averages[i]);
    squares.push_back(group.squares[i]);
    steps.push_back(group.steps[i]);
  }
  if (values.empty()) return;
  at::_foreach_add_(steps, 1 - skip);  // a step that is left out is none
  at::_fused_adamw_(values, gradients, averages, squares, /*max_exp_avg_sqs=*/{}, steps, group.rate * factor, beta1_, beta2_,
                    decay_, epsilon_, /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, skip);
  // The fused step writes without telling autograd; what is derived from the values and kept (DoRA's norms) goes by their
  // versions.
  for (const auto& value : values) value.unsafeGetTensorImpl()->bump_version();
}

void AdamW::clear_gradients() {
  for (auto& parameter : parameters_) gradient_of(parameter.value).reset();
}

NamedTensors AdamW::state() const {
  NamedTensors named;
  size_t plain = 0, curvature = 0;
  for (const auto& parameter : parameters_) {
    const Group& group = parameter.is_curvature ? curvature_ : plain_;
    const size_t i = parameter.is_curvature ? curvature++ : plain++;
    named.emplace_back("exp_avg." + parameter.name, group.averages[i]);
    named.emplace_back("exp_avg_sq." + parameter.name, group.squares[i]);
    named.emplace_back("step." + parameter.name, group.steps[i]);
  }
  return named;
}

void AdamW::restore(const Safetensors& file) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : state()) {
    const at::Tensor stored = file.tensor(name);
    if (stored.sizes() != tensor.sizes())
      throw InputError("{}: tensor {}: its shape differs from the parameter's.", file.path().string(), name);
    tensor.copy_(stored);
  }
}

}  // namespace hyplora

#include "ops/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/products.h"

namespace hyplora::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t chunk_logits = 1 << 23;  // logits held at a time: 32 MiB of fp32

int64_t chunk_tokens(int64_t vocab_size) { return std::max<int64_t>(16, chunk_logits / vocab_size); }

at::Tensor wide_logits(const at::Tensor& hidden, const at::Tensor& weight) {
  const at::Tensor logits = frozen_product(hidden, weight, {});
  return logits.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat);
}

/// Turns logits into softmax - onehot, in place, and returns the sum of the losses.
at::Tensor loss_and_slope(at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor index = targets.unsqueeze(1), log_total = logits.logsumexp(1, true);
  const at::Tensor loss = (log_total - logits.gather(1, index)).sum();
  logits.sub_(log_total).exp_();
  logits.scatter_add_(1, index, at::zeros(index.sizes(), logits.options()).fill_(-1));
  return loss;
}

class HeadLoss : public torch::autograd::Function<HeadLoss> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                            bool wants_hidden, bool wants_weight) {
    const int64_t tokens = hidden.size(0), chunk = chunk_tokens(weight.size(0));
    at::Tensor loss = at::zeros({}, hidden.options().dtype(hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
    at::Tensor dhidden = wants_hidden ? at::empty_like(hidden) : at::Tensor();
    at::Tensor dweight = wants_weight ? at::zeros_like(weight) : at::Tensor();
    for (int64_t first = 0; first < tokens; first += chunk) {
      const int64_t count = std::min(chunk, tokens - first);
      const at::Tensor part = hidden.narrow(0, first, count);
      at::Tensor logits = wide_logits(part, weight);
      if (!wants_hidden && !wants_weight) {
        const at::Tensor picked = logits.gather(1, targets.narrow(0, first, count).unsqueeze(1));
        loss.add_((logits.logsumexp(1, true) - picked).sum());
        continue;
      }
      loss.add_(loss_and_slope(logits, targets.narrow(0, first, count)));
      const at::Tensor slope = logits.to(weight.scalar_type());
      if (wants_hidden) dhidden.narrow(0, first, count).copy_(frozen_product_grad(slope, weight));
      if (wants_weight) dweight.addmm_(slope.t(), part);
    }
    context->save_for_backward({dhidden, dweight});
    return loss;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto scaled = [&](const at::Tensor& gradient) {
      return gradient.defined() ? gradient * grads[0].to(gradient.scalar_type()) : at::Tensor();
    };
    return {scaled(saved[0]), scaled(saved[1]), {}, {}, {}};
  }
};

}  // namespace

at::Tensor head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
  const bool records = at::GradMode::is_enabled();
  return HeadLoss::apply(hidden, weight, targets, records && hidden.requires_grad(), records && weight.requires_grad());
}

}  // namespace hyplora::ops

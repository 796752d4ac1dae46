#include "ops/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/blocks.h"
#include "ops/products.h"

namespace hyplora::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t chunk_logits = 1 << 23;  // logits held at a time: 32 MiB of fp32

int64_t chunk_tokens(int64_t vocab_size) { return std::max<int64_t>(16, chunk_logits / vocab_size); }

/// The loss of each row; with `wants_slope`, the logits become softmax - onehot in place. fp32 arithmetic inside.
at::Tensor row_losses(at::Tensor& logits, const at::Tensor& targets, bool wants_slope) {
  const at::ScalarType wide = logits.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor losses = at::empty({logits.size(0)}, logits.options().dtype(wide));
  for_row_blocks(logits, [&](int64_t first, int64_t count) {
    const at::Tensor index = targets.narrow(0, first, count).unsqueeze(1);
    at::Tensor rows = logits.narrow(0, first, count);
    at::Tensor log_softmax = at::log_softmax(rows.to(wide), 1);
    losses.narrow(0, first, count).copy_(log_softmax.gather(1, index).squeeze(1)).neg_();
    if (!wants_slope) return;
    log_softmax.exp_().scatter_add_(1, index, at::full(index.sizes(), -1, log_softmax.options()));
    rows.copy_(log_softmax);
  });
  return losses;
}

class HeadLoss : public torch::autograd::Function<HeadLoss> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets, bool wants_hidden, bool wants_weight) {
    const int64_t tokens = hidden.size(0), chunk = chunk_tokens(weight.size(0));
    at::Tensor loss = at::zeros({}, hidden.options().dtype(hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
    at::Tensor dhidden = wants_hidden ? at::empty_like(hidden) : at::Tensor();
    at::Tensor dweight = wants_weight ? at::zeros_like(weight) : at::Tensor();
    for (int64_t first = 0; first < tokens; first += chunk) {
      const int64_t count = std::min(chunk, tokens - first);
      const at::Tensor part = hidden.narrow(0, first, count);
      at::Tensor logits = frozen_product(part, weight, {});
      loss.add_(row_losses(logits, targets.narrow(0, first, count), wants_hidden || wants_weight).sum());
      if (wants_hidden) dhidden.narrow(0, first, count).copy_(frozen_product_grad(logits, weight));
      if (wants_weight) dweight.addmm_(logits.t(), part);
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

#include "ops/products.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/cpu_units.h"
#include "ops/few_rows.h"

namespace hyplora::ops {
namespace {

constexpr int64_t block_bytes = 1 << 20;  // the widened block: fits the level-2 caches of today's server cores

bool widens(const at::Tensor& weight) {
  return weight.scalar_type() == at::kBFloat16 && weight.device().is_cpu() && !has_bf16_units();
}

int64_t block_rows(const at::Tensor& weight) {
  const int64_t rows = block_bytes / (4 * std::max<int64_t>(1, weight.size(1)));
  return std::clamp<int64_t>(rows, 1, weight.size(0));
}

/// Calls `use(rows of the weight in fp32, first row, rows)` for one block after the other, in one buffer.
template <class Use>
void for_widened_blocks(const at::Tensor& weight, Use use) {
  const int64_t block = block_rows(weight), out = weight.size(0);
  const at::Tensor buffer = at::empty({block, weight.size(1)}, at::kFloat);
  for (int64_t first = 0; first < out; first += block) {
    const int64_t rows = std::min(block, out - first);
    at::Tensor widened = buffer.narrow(0, 0, rows);
    widened.copy_(weight.narrow(0, first, rows));
    use(widened, first, rows);
  }
}

class FrozenLinear : public torch::autograd::Function<FrozenLinear> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({weight});
    return frozen_product(x, weight, bias.value_or(at::Tensor()));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    return {frozen_product_grad(grads[0], context->get_saved_variables()[0]), {}, {}};
  }
};

}  // namespace

at::Tensor widened_product(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor wide_x = x.to(at::kFloat);
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  for_widened_blocks(weight, [&](const at::Tensor& rows, int64_t first, int64_t count) {
    y.narrow(1, first, count).copy_(at::mm(wide_x, rows.t()));
  });
  return y;
}

at::Tensor widened_product_grad(const at::Tensor& grad, const at::Tensor& weight) {
  at::Tensor dx = at::empty({grad.size(0), weight.size(1)}, grad.options().dtype(at::kFloat));
  for_widened_blocks(weight, [&](const at::Tensor& rows, int64_t first, int64_t count) {
    dx.addmm_(grad.narrow(1, first, count).to(at::kFloat), rows, /*beta=*/first == 0 ? 0 : 1);
  });
  return dx.to(grad.scalar_type());
}

at::Tensor frozen_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (has_few_rows(x, weight)) {
    at::Tensor y = few_rows_product(x, weight);
    return (bias.defined() ? y.add_(bias) : y).to(x.scalar_type());
  }
  if (!widens(weight)) return bias.defined() ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
  at::Tensor y = widened_product(x, weight);
  return bias.defined() ? y.add_(bias) : y;
}

at::Tensor frozen_product_grad(const at::Tensor& grad, const at::Tensor& weight) {
  return widens(weight) ? widened_product_grad(grad, weight) : at::mm(grad, weight);
}

at::Tensor frozen_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return FrozenLinear::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

}  // namespace hyplora::ops

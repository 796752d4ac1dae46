#include "model/recompute.h"

#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "ops/kept.h"

namespace hyplora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class Recomputed : public torch::autograd::Function<Recomputed> {
 public:
  // The witness asks for gradients, so that backward is called even when x does not (the first block of a frozen embedding).
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& /*witness*/,
                            std::shared_ptr<const TensorFunction> function) {
    context->save_for_backward({x});
    ops::keep(context, function);
    return (*function)(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const at::Tensor saved = context->get_saved_variables()[0];
    const at::Tensor x = saved.detach().requires_grad_(context->needs_input_grad(0));
    const at::AutoGradMode recording(true);
    const at::Tensor y = (*ops::kept<TensorFunction>(context))(x);
    torch::autograd::backward({y}, {grads[0]});
    return {x.grad(), {}, {}};
  }
};

}  // namespace

at::Tensor recomputed(TensorFunction function, const at::Tensor& x) {
  const at::Tensor witness = at::zeros({0}).requires_grad_(true);
  return Recomputed::apply(x, witness, std::make_shared<const TensorFunction>(std::move(function)));
}

}  // namespace hyplora

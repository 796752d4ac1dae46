#include "ops/basic.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/blocks.h"
#include "ops/one_pass.h"

namespace hyplora::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// fp32 for the half-width types, x's own type for fp32 and fp64.
at::ScalarType wide_type(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

class RmsNorm : public Function<RmsNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, double eps, bool offset) {
    at::Tensor scale = at::empty({x.size(0), 1}, x.options().dtype(wide_type(x)));
    at::Tensor y = one_pass::serves({x, weight}) ? one_pass::rms_norm(x, weight, eps, offset, scale)
                                                 : in_blocks(x, weight, eps, offset, scale);
    context->save_for_backward({x, weight, scale});
    context->saved_data["offset"] = offset;
    return y;
  }

  /// With n = x * scale and h = g * w: dx = scale * (h - n * mean(h * n)), dw = sum over tokens of g * n.
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &scale = saved[2];
    const at::Tensor factor = factor_of(weight, scale.scalar_type(), context->saved_data["offset"].toBool());
    at::Tensor dx, dw;
    if (context->needs_input_grad(1)) dw = (grads[0] * (x * scale)).sum(0).to(weight.scalar_type());
    if (context->needs_input_grad(0)) {
      dx = at::empty_like(x);
      for_row_blocks(x, [&](int64_t first, int64_t count) {
        const at::Tensor scales = scale.narrow(0, first, count), normed = x.narrow(0, first, count) * scales;
        at::Tensor h = grads[0].narrow(0, first, count).to(scale.scalar_type()) * factor;
        const at::Tensor projection = (h * normed).mean(-1, true);
        dx.narrow(0, first, count).copy_(h.addcmul_(normed, projection, -1).mul_(scales));
      });
    }
    return {dx, dw, {}, {}};
  }

 private:
  static at::Tensor in_blocks(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset, at::Tensor& scale) {
    const at::Tensor factor = factor_of(weight, wide_type(x), offset);
    at::Tensor y = at::empty_like(x);
    for_row_blocks(x, [&](int64_t first, int64_t count) {
      const at::Tensor wide = x.narrow(0, first, count).to(scale.scalar_type());
      at::Tensor scales = scale.narrow(0, first, count), rows = y.narrow(0, first, count);
      scales.copy_(wide.square().mean(-1, true).add_(eps).rsqrt_());
      if (offset) {
        rows.copy_((wide * scales).mul_(factor));
      } else {
        rows.copy_(wide * scales).mul_(weight);
      }
    });
    return y;
  }

  static at::Tensor factor_of(const at::Tensor& weight, at::ScalarType wide, bool offset) {
    return offset ? weight.to(wide) + 1 : weight;
  }
};

/// Turns every pair (x1, x2) by the angle; `direction` -1 turns back, which is the gradient.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, double direction) {
  const int64_t tokens = cos.size(0), half = cos.size(2);
  at::Tensor turned = at::empty_like(x, at::MemoryFormat::Contiguous);
  const auto from = x.reshape({tokens, -1, 2 * half}).chunk(2, -1), to = turned.view({tokens, -1, 2 * half}).chunk(2, -1);
  at::Tensor first = to[0], second = to[1];
  at::mul_out(first, from[0], cos);
  first.addcmul_(from[1], sin, -direction);
  at::mul_out(second, from[1], cos);
  second.addcmul_(from[0], sin, direction);
  return turned;
}

class Rope : public Function<Rope> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return one_pass::serves({x, cos, sin}) ? one_pass::rope(x, cos, sin) : rotate(x, cos, sin, 1);
  }
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &cos = saved[0], &sin = saved[1];
    return {
        one_pass::serves({grads[0], cos, sin}) ? one_pass::rope(grads[0], cos, -sin) : rotate(grads[0], cos, sin, -1), {}, {}};
  }
};

void activate(at::Tensor& to, const at::Tensor& gate, Activation activation) {
  activation == Activation::silu ? at::silu_out(to, gate) : at::gelu_out(to, gate, "tanh");
}

/// grad * act'(gate), in place of `grad`.
void activate_backward(at::Tensor& grad, const at::Tensor& gate, Activation activation) {
  activation == Activation::silu ? at::silu_backward_out(grad, grad, gate) : at::gelu_backward_out(grad, grad, gate, "tanh");
}

class Gated : public Function<Gated> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate, const at::Tensor& up, Activation activation) {
    context->save_for_backward({gate, up});
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    if (one_pass::serves({gate, up})) return one_pass::gated(gate, up, activation);
    at::Tensor y = at::empty_like(gate);
    for_row_blocks(gate, [&](int64_t first, int64_t count) {
      at::Tensor rows = y.narrow(0, first, count);
      activate(rows, gate.narrow(0, first, count), activation);
      rows.mul_(up.narrow(0, first, count));
    });
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    at::Tensor dgate = at::empty_like(saved[0]), dup = at::empty_like(saved[0]);
    for_row_blocks(dgate, [&](int64_t first, int64_t count) {
      const at::Tensor gate = saved[0].narrow(0, first, count), up = saved[1].narrow(0, first, count);
      const at::Tensor grad = grads[0].narrow(0, first, count);
      at::Tensor to_gate = dgate.narrow(0, first, count), to_up = dup.narrow(0, first, count);
      activate(to_up, gate, activation);
      to_up.mul_(grad);
      at::mul_out(to_gate, grad, up);
      activate_backward(to_gate, gate, activation);
    });
    return {dgate, dup, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset) {
  return RmsNorm::apply(x, weight, eps, offset);
}

at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) { return Rope::apply(x, cos, sin); }

at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, Activation activation) {
  return Gated::apply(gate, up, activation);
}

}  // namespace hyplora::ops

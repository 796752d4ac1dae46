#include "adapter/dora.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

#include "adapter/derived.h"
#include "adapter/foldable.h"
#include "adapter/fused_products.h"
#include "adapter/lora.h"
#include "ops/blocks.h"
#include "ops/kept.h"
#include "ops/products.h"

namespace hyplora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What forward leaves for backward, besides the tensors that autograd watches.
struct Trace {
  Dora adapter;
  Mask mask;
  at::ScalarType type = at::kFloat;  // of the adapter's products
  at::Tensor norms;                  // [out]
  at::Tensor z;                      // A x~ [T, r]
  at::Tensor v;                      // W x~ + s B z [T, out], in x's type

  at::Tensor factor() const { return adapter.magnitude.detach() / norms; }
};

class DoraLinear : public torch::autograd::Function<DoraLinear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& A, const at::Tensor& B,
                            const at::Tensor& /*magnitude*/, const Linear* base, std::shared_ptr<Trace> trace) {
    at::Tensor y = ops::frozen_product(x, base->weight, base->bias);
    const at::Tensor input = trace->mask.apply(x), c = trace->factor();
    const at::Tensor plain = trace->mask.kept.defined() ? ops::frozen_product(input, base->weight, {})
                             : base->bias.defined()     ? y - base->bias
                                                        : y.clone();
    trace->z = ops::frozen_product(input.to(trace->type), A.to(trace->type), {});
    const at::Tensor delta = ops::frozen_product(trace->z * trace->adapter.scale, B.to(trace->type), {}).to(y.scalar_type());
    y.addcmul_(plain, (c - 1).to(y.scalar_type())).addcmul_(delta, c.to(y.scalar_type()));  // c is near 1
    trace->v = plain.add_(delta);
    context->save_for_backward({x, base->weight});
    ops::keep<Trace>(context, trace);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto trace = ops::kept<Trace>(context);
    const Dora& adapter = trace->adapter;
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &grad = grads[0], c = trace->factor();
    const at::Tensor through = grad * c.to(grad.scalar_type()), narrow = through.to(trace->type);
    const at::Tensor input = trace->mask.apply(x).to(trace->type), A = adapter.A.detach().to(trace->type);
    const at::Tensor dz = at::mm(narrow, adapter.B.detach().to(trace->type)).mul_(adapter.scale);
    at::Tensor dx;
    if (context->needs_input_grad(0)) {
      if (trace->mask.kept.defined()) {
        const at::Tensor inner = ops::frozen_product_grad(grad * (c - 1).to(grad.scalar_type()), weight).mul_(trace->mask.kept);
        dx = ops::frozen_product_grad(grad, weight).add_(inner, 1 / trace->mask.share);
      } else {
        dx = ops::frozen_product_grad(through, weight);
      }
      add_input_gradient(dx, dz, A, {}, input, trace->mask);
    }
    return {dx,
            at::mm(dz.t(), input).to(adapter.A.scalar_type()),
            at::mm(narrow.t(), trace->z).mul_(adapter.scale).to(adapter.B.scalar_type()),
            at::sum(grad * trace->v, {0}, false, adapter.magnitude.scalar_type()) / trace->norms,
            {},
            {}};
  }
};

class DoraAdapter : public FoldableAdapter {
 public:
  DoraAdapter(Dora parts, at::Tensor squared_norms, ModuleDropout dropout)
      : parts_(std::move(parts)), squared_norms_(std::move(squared_norms)), dropout_(std::move(dropout)) {}

  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    return dora_linear(x, base, parts_, norms(base), dropout_.draw(x));
  }
  at::Tensor merged(const at::Tensor& weight) const override { return merged_dora(weight, parts_); }

 private:
  /// Computed again only when A or B was written to: once per optimiser step, once per decoding.
  at::Tensor norms(const Linear& base) const {
    return norms_.of({parts_.A, parts_.B}, [&] { return dora_norms(base.weight, squared_norms_, parts_); });
  }

  Dora parts_;
  at::Tensor squared_norms_;
  ModuleDropout dropout_;
  mutable Derived norms_;
};

/// A and B as LoRA's; the magnitudes start as the rows' norms.
Fitted fit(const Site& site) {
  const LowRank start = fresh_low_rank(site);
  const at::Tensor squared = squared_row_norms(site.linear.weight);
  const Dora parts{start.A, start.B, site.parameter(squared.sqrt()), start.scale};
  auto parameters = low_rank_parameters(start);
  parameters.push_back({"lora_magnitude_vector", parts.magnitude, false});
  return {parameters, std::make_shared<DoraAdapter>(parts, squared, site.dropout), {site.rank(), site.linear.out()}};
}

void from_peft(const PeftKeys& keys, AdapterOptions& options) {
  set_peft_defaults(options);
  read_lora_keys(keys, options);
  const auto lora_type = keys.get<std::string>("lora_type", plain_lora_type);
  if (lora_type != plain_lora_type)
    throw InputError("{}: use_dora and lora_type \"{}\" exclude each other.", keys.path(), lora_type);
}

}  // namespace

at::Tensor squared_row_norms(const at::Tensor& weight) {
  const at::NoGradGuard no_grad;
  at::Tensor squared = at::empty({weight.size(0)}, weight.options().dtype(at::kDouble));
  ops::for_row_blocks(weight, [&](int64_t first, int64_t count) {
    squared.narrow(0, first, count).copy_(weight.narrow(0, first, count).to(at::kDouble).square().sum(1));
  });
  return squared;
}

at::Tensor dora_norms(const at::Tensor& weight, const at::Tensor& squared_norms, const Dora& adapter) {
  const at::NoGradGuard no_grad;
  const at::ScalarType type = adapter.A.scalar_type();
  const at::Tensor A = adapter.A.detach(), B = adapter.B.detach().to(at::kDouble), wide_A = A.to(at::kDouble);
  at::Tensor cross = at::empty(B.sizes(), B.options());
  ops::for_row_blocks(weight, [&](int64_t first, int64_t count) {
    cross.narrow(0, first, count).copy_(at::mm(weight.narrow(0, first, count).to(type), A.t()));
  });
  const at::Tensor own = (at::mm(B, at::mm(wide_A, wide_A.t())) * B).sum(1);
  const double s = adapter.scale;
  return (squared_norms + 2 * s * (B * cross).sum(1) + s * s * own).clamp_min(0).sqrt().to(type);
}

at::Tensor dora_linear(const at::Tensor& x, const Linear& base, const Dora& adapter, const at::Tensor& norms,
                       const Mask& mask) {
  auto trace = std::make_shared<Trace>();
  trace->adapter = adapter;
  trace->mask = mask;
  trace->norms = norms;
  trace->type = product_type(x);
  return DoraLinear::apply(x, adapter.A, adapter.B, adapter.magnitude, &base, trace);
}

at::Tensor merged_dora(const at::Tensor& weight, const Dora& adapter) {
  const at::NoGradGuard no_grad;
  at::Tensor sum = low_rank_sum(weight, adapter.A, adapter.B, adapter.scale);
  const at::Tensor norms = at::linalg_vector_norm(sum, 2, {1}, true, at::kDouble);
  const at::Tensor magnitude = adapter.magnitude.to(weight.device(), at::kDouble);
  return sum.mul_((magnitude.unsqueeze(1) / norms).to(at::kFloat));
}

constinit const Kind dora_kind = {.name = "dora",
                                  .title = "DoRA",
                                  .peft_type = "LORA",
                                  .peft_switch = {"use_dora", true},
                                  .text = low_rank_text,
                                  .to_peft = lora_keys,
                                  .from_peft = from_peft,
                                  .shared_with_peft = read_lora_keys,
                                  .released =
                                      [](const AdapterOptions&) {
                                        return Released{plain_lora_type, ""};
                                      },
                                  .fit = fit};

}  // namespace hyplora

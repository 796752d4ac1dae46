#include "adapter/low_rank.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>

#include "ops/blocks.h"
#include "ops/few_rows.h"
#include "ops/kept.h"
#include "ops/products.h"

namespace hyplora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What forward leaves for backward, besides the tensors that autograd watches.
struct Trace {
  LowRank adapter;
  at::Tensor mask;  // dropout's, or undefined
  double keep = 1;
  bool few = false;
  at::ScalarType type = at::kFloat;  // of the adapter's products
  at::Tensor z;                      // [T, r]
  at::Tensor scaled;                 // s c u [T, r]: what B is applied to
  at::Tensor Gu, records;            // with gates only: B^T B u [T, r], [T, gate_record]
};

/// A handful of rows goes through products of its own, in fp32: rounding the adapter to the base's type would cost more than
/// the product.
bool few_rows(const at::Tensor& x, const Linear& base, const LowRank& adapter) {
  return ops::has_few_rows(x, base.weight) && ops::has_few_rows(x, adapter.A);
}

/// The adapter's products run in the base's type where the machine has units for it; the gates may ask for fp32.
at::ScalarType product_type(const at::Tensor& x, const LowRank& adapter) {
  if (!at::isReducedFloatingType(x.scalar_type())) return x.scalar_type();
  const bool slow = x.device().is_cpu() && !ops::has_bf16_units();
  return slow || (adapter.gates && adapter.gates->wants_fp32()) ? at::kFloat : x.scalar_type();
}

at::Tensor dropped(const at::Tensor& x, const Trace& trace) {
  return trace.mask.defined() ? at::mul(x, trace.mask).mul_(1 / trace.keep) : x;
}

/// y += a b^T, rounding to y's type once where the types differ.
void add_product(at::Tensor& y, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == y.scalar_type()) {
    y.addmm_(a, b.t());
  } else {
    y.add_(ops::frozen_product(a, b, {}));
  }
}

GateScalars scalars_of(const LowRank& adapter) {
  return {adapter.k.detach().to(at::kDouble),
          adapter.norm_scale.defined() ? adapter.norm_scale.detach().to(at::kDouble) : at::Tensor(), adapter.A.size(1)};
}

at::Tensor column(const at::Tensor& scalars, at::ScalarType type) { return scalars.to(type).unsqueeze(1); }

/// |x_t| [T] in float64, summed in fp32 (float64 for float64).
at::Tensor row_norms(const at::Tensor& x) {
  const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor norms = at::empty({x.size(0)}, x.options().dtype(at::kDouble));
  ops::for_row_blocks(x, [&](int64_t first, int64_t count) {
    norms.narrow(0, first, count).copy_(at::linalg_vector_norm(x.narrow(0, first, count), 2, {-1}, false, type));
  });
  return norms;
}

at::Tensor doubles(const at::Tensor& like, at::IntArrayRef shape) {
  return at::empty(shape, like.options().dtype(at::kDouble));
}

constexpr int64_t least_chunk = 64;  // tokens, below which a thread is not worth waking

/// Calls work(first, count) for chunks of tokens, on the CPU one a thread side by side, without autograd.
template <class Work>
void for_chunks(const at::Tensor& z, Work work) {
  const int64_t tokens = z.size(0), threads = z.device().is_cpu() ? at::get_num_threads() : 1;
  const int64_t size = std::max(least_chunk, (tokens + threads - 1) / threads);
  at::parallel_for(0, (tokens + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) work(i * size, std::min(size, tokens - i * size));
  });
}

/// phi, c and the scaled u of all tokens; x is already dropped.
void open_gates(const at::Tensor& x, Trace& trace) {
  const LowRank& adapter = trace.adapter;
  const GateScalars scalars = scalars_of(adapter);
  const int64_t tokens = x.size(0);
  const at::Tensor norms = row_norms(x), wide_B = adapter.B.detach().to(at::kDouble), G = at::mm(wide_B.t(), wide_B);
  const at::Tensor u = doubles(x, trace.z.sizes());
  trace.scaled = at::empty_like(trace.z);
  trace.Gu = doubles(x, trace.z.sizes());
  trace.records = doubles(x, {tokens, gate_record});
  for_chunks(trace.z, [&](int64_t first, int64_t count) {
    const auto part = [&](const at::Tensor& all) { return all.narrow(0, first, count); };
    adapter.gates->enter({part(norms), part(trace.z), part(trace.records), part(u)}, scalars);
    at::Tensor Gu = part(trace.Gu);
    at::mm_out(Gu, part(u), G);
    adapter.gates->leave({part(u), Gu, adapter.scale, part(trace.records), part(trace.scaled)}, scalars);
  });
}

/// Gradients with respect to z, and the gates' own contributions.
struct GateGradients {
  at::Tensor dz;      // [T, r]
  at::Tensor dB;      // [out, r]: the part through c
  at::Tensor weight;  // [T]: dx += weight * x, from phi's dependence on |x|
  at::Tensor dk, dscale;
};

/// The gates' backward pass; P = g B [T, r].
GateGradients close_gates(const at::Tensor& P, const Trace& trace) {
  const LowRank& adapter = trace.adapter;
  const int64_t tokens = P.size(0);
  GateGradients gradients;
  gradients.dz = at::empty_like(trace.z);
  gradients.weight = doubles(P, {tokens});
  const at::Tensor u = doubles(P, P.sizes()), eta_u = doubles(P, P.sizes()), sums = doubles(P, {tokens, 2});
  for_chunks(P, [&](int64_t first, int64_t count) {
    const auto part = [&](const at::Tensor& all) { return all.narrow(0, first, count); };
    adapter.gates->back({part(P), part(trace.z), part(trace.Gu), part(trace.records), adapter.scale, part(gradients.dz),
                         part(gradients.weight), part(u), part(eta_u), part(sums)});
  });
  const at::Tensor B = adapter.B.detach(), scalars = sums.sum(0);
  gradients.dB = at::mm(B, at::mm(eta_u.t(), u).to(B.scalar_type()));
  const double bound = adapter.gates->k_gradient_bound();
  gradients.dk = bound > 0 ? scalars[0].clamp(-bound, bound) : scalars[0];
  if (adapter.gates->has_norm_scale()) gradients.dscale = scalars[1];
  return gradients;
}

class LowRankLinear : public torch::autograd::Function<LowRankLinear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& A, const at::Tensor& B,
                            const std::optional<at::Tensor>& /*k*/, const std::optional<at::Tensor>& /*norm_scale*/,
                            const Linear* base, std::shared_ptr<Trace> trace) {
    at::Tensor y = trace->few ? few_products(x, A, B, *base, *trace) : products(x, A, B, *base, *trace);
    context->save_for_backward({x, base->weight});
    ops::keep<Trace>(context, trace);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto trace = ops::kept<Trace>(context);
    const LowRank& adapter = trace->adapter;
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &grad = grads[0], narrow = grad.to(trace->type);
    const at::Tensor A = adapter.A.detach().to(trace->type), B = adapter.B.detach().to(trace->type);
    const at::Tensor P = at::mm(narrow, B), input = dropped(x, *trace).to(trace->type);
    at::Tensor dB = at::mm(narrow.t(), trace->scaled).to(adapter.B.scalar_type());
    GateGradients gates;
    if (adapter.gates) {
      gates = close_gates(P, *trace);
      dB.add_(gates.dB);
    } else {
      gates.dz = P * adapter.scale;
    }
    at::Tensor dx;
    if (context->needs_input_grad(0)) dx = input_gradient(*trace, gates, A, input, grad, saved[1]);
    return {dx,
            at::mm(gates.dz.t(), input).to(adapter.A.scalar_type()),
            dB,
            scalar(gates.dk, adapter.k),
            scalar(gates.dscale, adapter.norm_scale),
            {},
            {}};
  }

 private:
  static at::Tensor products(const at::Tensor& x, const at::Tensor& A, const at::Tensor& B, const Linear& base, Trace& trace) {
    at::Tensor y = ops::frozen_product(x, base.weight, base.bias);
    const at::Tensor input = dropped(x, trace).to(trace.type);
    trace.z = ops::frozen_product(input, A.to(trace.type), {});
    scale(input, trace);
    add_product(y, trace.scaled, B.to(trace.type));
    return y;
  }

  /// The sum of both products is rounded once.
  static at::Tensor few_products(const at::Tensor& x, const at::Tensor& A, const at::Tensor& B, const Linear& base,
                                 Trace& trace) {
    at::Tensor y = ops::few_rows_product(x, base.weight);
    if (base.bias.defined()) y.add_(base.bias);
    const at::Tensor input = dropped(x, trace);
    trace.z = ops::few_rows_product(input, A);
    scale(input, trace);
    ops::add_few_rows_product(y, trace.scaled, B);
    return y.to(x.scalar_type());
  }

  static void scale(const at::Tensor& input, Trace& trace) {
    if (trace.adapter.gates) {
      open_gates(input, trace);
    } else {
      trace.scaled = trace.z * trace.adapter.scale;
    }
  }

  /// dx = W^T g + D (A^T dz + weight x~), D = dropout's mask / keep or 1.
  static at::Tensor input_gradient(const Trace& trace, const GateGradients& gates, const at::Tensor& A, const at::Tensor& input,
                                   const at::Tensor& grad, const at::Tensor& weight) {
    at::Tensor dx = ops::frozen_product_grad(grad, weight);
    if (!trace.mask.defined()) {
      add_product(dx, gates.dz, A.t());
      if (gates.weight.defined()) dx.addcmul_(input.to(dx.scalar_type()), column(gates.weight, dx.scalar_type()));
      return dx;
    }
    at::Tensor through = at::mm(gates.dz, A);
    if (gates.weight.defined()) through.addcmul_(input, column(gates.weight, trace.type));
    return dx.add_(through.mul_(trace.mask), 1 / trace.keep);
  }

  static at::Tensor scalar(const at::Tensor& gradient, const at::Tensor& like) {
    return gradient.defined() ? gradient.to(like.scalar_type()) : at::Tensor();
  }
};

}  // namespace

at::Tensor low_rank_linear(const at::Tensor& x, const Linear& base, const LowRank& adapter, const at::Tensor& mask,
                           double keep) {
  auto trace = std::make_shared<Trace>();
  trace->adapter = adapter;
  trace->mask = mask;
  trace->keep = keep;
  trace->few = few_rows(x, base, adapter);
  trace->type = trace->few ? at::kFloat : product_type(x, adapter);
  const auto watched = [](const at::Tensor& scalar) { return scalar.defined() ? std::optional(scalar) : std::nullopt; };
  return LowRankLinear::apply(x, adapter.A, adapter.B, watched(adapter.k), watched(adapter.norm_scale), &base, trace);
}

}  // namespace hyplora

#include "adapter/low_rank.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>

#include "adapter/fused_products.h"
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
  Mask mask;
  bool few = false;                  // a handful of rows, which has products of its own
  at::ScalarType type = at::kFloat;  // of the adapter's products
  at::Tensor z;                      // [T, r]
  at::Tensor scaled;                 // s c u [T, r]: what B is applied to
  at::Tensor Gu, records;            // with gates only: B^T B u [T, r], [T, gate_record]
};

GateScalars scalars_of(const LowRank& adapter) {
  return {adapter.k.detach().to(at::kDouble),
          adapter.norm_scale.defined() ? adapter.norm_scale.detach().to(at::kDouble) : at::Tensor(), adapter.A.size(1)};
}

at::Tensor doubles(const at::Tensor& like, at::IntArrayRef shape) {
  return at::empty(shape, like.options().dtype(at::kDouble));
}

constexpr int64_t least_chunk = 64;  // tokens, below which a thread is not worth waking

/// Calls work(first, count) for chunks of tokens, on the CPU one per thread side by side, without autograd.
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
  const at::Tensor norms = row_norms(x), G = gram(adapter.B, *adapter.gram);
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
    const at::Tensor P = at::mm(narrow, B), input = trace->mask.apply(x).to(trace->type);
    at::Tensor dB = at::mm(narrow.t(), trace->scaled).to(adapter.B.scalar_type());
    GateGradients gates;
    if (adapter.gates) {
      gates = close_gates(P, *trace);
      dB.add_(gates.dB);
    } else {
      gates.dz = P * adapter.scale;
    }
    at::Tensor dx;
    if (context->needs_input_grad(0)) {
      dx = ops::frozen_product_grad(grad, saved[1]);
      add_input_gradient(dx, gates.dz, A, gates.weight, input, trace->mask);
    }
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
    const at::Tensor input = trace.mask.apply(x).to(trace.type);
    trace.z = ops::frozen_product(input, A.to(trace.type), {});
    scale(input, trace);
    add_product(y, trace.scaled, B.to(trace.type));
    return y;
  }

  /// In fp32, and the sum of both products rounded once: rounding the adapter to the base's type would cost more than it saves.
  static at::Tensor few_products(const at::Tensor& x, const at::Tensor& A, const at::Tensor& B, const Linear& base,
                                 Trace& trace) {
    at::Tensor y = ops::few_rows_product(x, base.weight);
    if (base.bias.defined()) y.add_(base.bias);
    const at::Tensor input = trace.mask.apply(x);
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

  static at::Tensor scalar(const at::Tensor& gradient, const at::Tensor& like) {
    return gradient.defined() ? gradient.to(like.scalar_type()) : at::Tensor();
  }
};

}  // namespace

at::Tensor low_rank_linear(const at::Tensor& x, const Linear& base, const LowRank& adapter, const Mask& mask) {
  auto trace = std::make_shared<Trace>();
  trace->adapter = adapter;
  trace->mask = mask;
  trace->few = ops::has_few_rows(x, base.weight) && ops::has_few_rows(x, adapter.A);
  trace->type = trace->few ? at::kFloat : product_type(x, adapter.gates && adapter.gates->wants_fp32());
  const auto watched = [](const at::Tensor& scalar) { return scalar.defined() ? std::optional(scalar) : std::nullopt; };
  return LowRankLinear::apply(x, adapter.A, adapter.B, watched(adapter.k), watched(adapter.norm_scale), &base, trace);
}

at::Tensor low_rank_sum(const at::Tensor& weight, const at::Tensor& A, const at::Tensor& B, double scale) {
  const at::NoGradGuard no_grad;
  const auto wide = [&](const at::Tensor& t) { return t.to(weight.device(), at::kFloat); };
  return at::mm(wide(B), wide(A)).mul_(scale).add_(weight);
}

TokenGeometry low_rank_geometry(const at::Tensor& x, const LowRank& adapter) {
  const at::NoGradGuard no_grad;
  Trace trace;
  trace.adapter = adapter;
  trace.type = at::kDouble;
  const at::Tensor wide = x.to(trace.type);
  trace.z = at::mm(wide, adapter.A.detach().to(trace.type).t());
  open_gates(wide, trace);
  const at::Tensor u = trace.z * trace.records.narrow(1, 0, 1);  // phi is the record's first number
  return {trace.z, trace.scaled, row_norms(wide), (u * trace.Gu).sum(1).clamp_min(0).sqrt()};
}

GateShape low_rank_shape(const LowRank& adapter) { return adapter.gates->shape(scalars_of(adapter)); }

}  // namespace hyplora

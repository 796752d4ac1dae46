#include "adapter/low_rank.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>

#include "ops/kept.h"
#include "ops/products.h"

namespace hyplora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The gates of some consecutive tokens. One chunk a thread: the chain of small operations runs side by side and in cache.
struct GatedTokens {
  int64_t first = 0, count = 0;
  InnerGate inner;
  OuterGate outer;
  at::Tensor Gu;  // B^T B u [count, r]
};

/// What forward leaves for backward, besides the tensors that autograd watches.
struct Trace {
  LowRank adapter;
  at::Tensor mask;  // dropout's, or undefined
  double keep = 1;
  at::ScalarType type = at::kFloat;  // of the adapter's products
  at::Tensor z;                      // [T, r]
  at::Tensor scaled;                 // s c u [T, r]: what B is applied to
  std::vector<GatedTokens> gated;    // with gates only
};

/// The adapter's products run in the base's type where the machine has units for it; the gates may ask for fp32.
at::ScalarType product_type(const at::Tensor& x, const LowRank& adapter) {
  if (!at::isReducedFloatingType(x.scalar_type())) return x.scalar_type();
  const bool slow = x.device().is_cpu() && !ops::has_bf16_units();
  return slow || (adapter.gates && adapter.gates->wants_fp32()) ? at::kFloat : x.scalar_type();
}

at::Tensor dropped(const at::Tensor& x, const Trace& trace) {
  return trace.mask.defined() ? at::mul(x, trace.mask).mul_(1 / trace.keep) : x;
}

/// y += a b, rounding to y's type once where the types differ.
void add_product(at::Tensor& y, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == y.scalar_type()) {
    y.addmm_(a, b);
  } else {
    y.add_(at::mm(a, b));
  }
}

GateScalars scalars_of(const LowRank& adapter) {
  return {adapter.k.detach().to(at::kDouble), adapter.norm_scale.defined() ? adapter.norm_scale.detach().to(at::kDouble) : at::Tensor(),
          adapter.A.size(1)};
}

at::Tensor column(const at::Tensor& scalars, at::ScalarType type) { return scalars.to(type).unsqueeze(1); }

/// |x_t| [T] in float64, summed in fp32 (float64 for float64).
at::Tensor row_norms(const at::Tensor& x) {
  const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::linalg_vector_norm(x, 2, {-1}, false, type).to(at::kDouble);
}

constexpr int64_t least_chunk = 64;  // tokens, below which a thread is not worth waking

std::vector<GatedTokens> chunks_of(const at::Tensor& z) {
  const int64_t tokens = z.size(0), threads = z.device().is_cpu() ? at::get_num_threads() : 1;
  const int64_t size = std::max(least_chunk, (tokens + threads - 1) / threads);
  std::vector<GatedTokens> chunks;
  for (int64_t first = 0; first < tokens; first += size) {
    chunks.emplace_back().first = first;
    chunks.back().count = std::min(size, tokens - first);
  }
  return chunks;
}

/// Calls work(chunk index) for each chunk, side by side, without autograd.
template <class Work>
void for_chunks(const std::vector<GatedTokens>& chunks, Work work) {
  at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) work(static_cast<size_t>(i));
  });
}

/// phi, c and the scaled u of all tokens; x is already dropped.
void open_gates(const at::Tensor& x, Trace& trace) {
  const LowRank& adapter = trace.adapter;
  const GateScalars scalars = scalars_of(adapter);
  const at::Tensor norms = row_norms(x), wide_B = adapter.B.detach().to(at::kDouble), G = at::mm(wide_B.t(), wide_B);
  trace.scaled = at::empty_like(trace.z);
  trace.gated = chunks_of(trace.z);
  for_chunks(trace.gated, [&](size_t i) {
    GatedTokens& part = trace.gated[i];
    part.inner = adapter.gates->inner(norms.narrow(0, part.first, part.count), scalars);
    const at::Tensor u = trace.z.narrow(0, part.first, part.count).to(at::kDouble) * part.inner.phi.unsqueeze(1);
    part.Gu = at::mm(u, G);
    part.outer = adapter.gates->outer((u * part.Gu).sum(1).clamp_min_(0), scalars);
    trace.scaled.narrow(0, part.first, part.count).copy_(u * (part.outer.c * adapter.scale).unsqueeze(1));
  });
}

/// Gradients with respect to z, and the gates' own contributions.
struct GateGradients {
  at::Tensor dz;      // [T, r]
  at::Tensor dB;      // [out, r]: the part through c
  at::Tensor weight;  // [T]: dx += weight * x, from phi's dependence on |x|
  at::Tensor dk, dscale;
};

/// The sums over one chunk's tokens.
struct ChunkSums {
  at::Tensor uu;  // sum eta u u^T [r, r]
  at::Tensor dk, dscale;
};

/// One chunk of the backward pass; P = g B [T, r]. Names as in docs/maths.md, "Backward".
ChunkSums close_chunk(const at::Tensor& P, const Trace& trace, const GatedTokens& part, GateGradients& gradients) {
  const double scale = trace.adapter.scale;
  const auto of_part = [&](const at::Tensor& all) { return all.narrow(0, part.first, part.count); };
  const at::Tensor wide_P = of_part(P).to(at::kDouble), z = of_part(trace.z).to(at::kDouble), phi = part.inner.phi.unsqueeze(1);
  const at::Tensor u = z * phi, rho = (u * wide_P).sum(1), eta = (rho * part.outer.dQ).mul_(2 * scale).unsqueeze(1);
  const at::Tensor p = (wide_P * (part.outer.c * scale).unsqueeze(1)).addcmul_(eta, part.Gu), pz = (p * z).sum(1);
  of_part(gradients.dz).copy_(p * phi);
  of_part(gradients.weight).copy_(pz * part.inner.slope);
  ChunkSums sums;
  sums.uu = at::mm((u * eta).t(), u);
  sums.dk = (pz * part.inner.dk).sum().add_((rho * part.outer.dk).sum(), scale);
  if (part.inner.dscale.defined()) sums.dscale = (pz * part.inner.dscale).sum();
  return sums;
}

GateGradients close_gates(const at::Tensor& P, const Trace& trace) {
  GateGradients gradients;
  gradients.dz = at::empty_like(trace.z);
  gradients.weight = at::empty({P.size(0)}, P.options().dtype(at::kDouble));
  std::vector<ChunkSums> sums(trace.gated.size());
  for_chunks(trace.gated, [&](size_t i) { sums[i] = close_chunk(P, trace, trace.gated[i], gradients); });
  ChunkSums total = sums[0];
  for (size_t i = 1; i < sums.size(); ++i) {
    total.uu.add_(sums[i].uu);
    total.dk.add_(sums[i].dk);
    if (total.dscale.defined()) total.dscale.add_(sums[i].dscale);
  }
  const at::Tensor B = trace.adapter.B.detach();
  gradients.dB = at::mm(B, total.uu.to(B.scalar_type()));
  const double bound = trace.adapter.gates->k_gradient_bound();
  gradients.dk = bound > 0 ? total.dk.clamp(-bound, bound) : total.dk;
  gradients.dscale = total.dscale;
  return gradients;
}

class LowRankLinear : public torch::autograd::Function<LowRankLinear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& A, const at::Tensor& B,
                            const std::optional<at::Tensor>& /*k*/, const std::optional<at::Tensor>& /*norm_scale*/, const Linear* base,
                            std::shared_ptr<Trace> trace) {
    at::Tensor y = ops::frozen_product(x, base->weight, base->bias);
    const at::Tensor input = dropped(x, *trace).to(trace->type);
    trace->z = at::mm(input, A.to(trace->type).t());
    if (trace->adapter.gates) {
      open_gates(input, *trace);
    } else {
      trace->scaled = trace->z * trace->adapter.scale;
    }
    add_product(y, trace->scaled, B.to(trace->type).t());
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
  /// dx = W^T g + D (A^T dz + weight x~), D = dropout's mask / keep or 1.
  static at::Tensor input_gradient(const Trace& trace, const GateGradients& gates, const at::Tensor& A, const at::Tensor& input,
                                   const at::Tensor& grad, const at::Tensor& weight) {
    at::Tensor dx = ops::frozen_product_grad(grad, weight);
    if (!trace.mask.defined()) {
      add_product(dx, gates.dz, A);
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

at::Tensor low_rank_linear(const at::Tensor& x, const Linear& base, const LowRank& adapter, const at::Tensor& mask, double keep) {
  auto trace = std::make_shared<Trace>();
  trace->adapter = adapter;
  trace->mask = mask;
  trace->keep = keep;
  trace->type = product_type(x, adapter);
  const auto watched = [](const at::Tensor& scalar) { return scalar.defined() ? std::optional(scalar) : std::nullopt; };
  return LowRankLinear::apply(x, adapter.A, adapter.B, watched(adapter.k), watched(adapter.norm_scale), &base, trace);
}

}  // namespace hyplora

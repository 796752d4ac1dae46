#include "adapter/first_release.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "adapter/fused_products.h"
#include "hyperbolic/first_release.h"
#include "ops/kept.h"
#include "ops/products.h"

namespace hyplora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double longest = 10, least_norm = 1e-7;  // the first release's own (docs/maths.md)

/// The exponential map's numbers, [] float64 each: the same for all tokens.
struct Sphere {
  at::Tensor K, kap, e, theta, sinh, cosh;

  explicit Sphere(const FirstRelease& adapter) {
    K = adapter.k.detach().to(at::kDouble).abs();
    kap = K.sqrt();
    e = adapter.norm_scale.detach().to(at::kDouble).exp().clamp_max(longest);
    theta = e / kap;
    sinh = theta.sinh();
    cosh = theta.cosh();
  }
  at::Tensor time() const { return kap * cosh; }
};

/// c and its derivatives with respect to Q and kap, [T] float64.
struct Factors {
  at::Tensor c, dQ, dkap;
};

/// `excess` is what the published clamp adds to 1 in the type of the run.
Factors factors(const at::Tensor& Q, const Sphere& sphere, double excess) {
  const at::Tensor t = Q / sphere.K, p = t.sqrt(), root = (t + 1).sqrt(), near = t < 1e-4;
  const at::Tensor safe = at::where(near, 1.0, t),
                   c = at::where(near, 1 + t * (-1.0 / 6 + 3.0 / 40 * t), safe.sqrt().asinh() / safe.sqrt());
  const at::Tensor slope = at::where(near, -1.0 / 6 + t * (3.0 / 20 - 45.0 / 336 * t), (1 / root - c) / (2 * safe));
  const at::Tensor q = Q.sqrt(), held = q.clamp_min(least_norm), flat = root < 1 + excess;
  const double distance = std::acosh(1 + excess);
  const at::Tensor flat_c = sphere.kap * distance / held;
  return {at::where(flat, flat_c, c),
          at::where(flat, at::where(q > least_norm, flat_c / (-2 * held * held), 0.0), slope / sphere.K),
          at::where(flat, distance / held, (c - 1 / root) / sphere.kap)};
}

/// What forward leaves for backward, besides the tensors that autograd watches.
struct Trace {
  FirstRelease adapter;
  Mask mask;
  at::ScalarType type = at::kFloat;  // of the adapter's products
  at::Tensor scaled;                 // s c uu: what B is applied to
  at::Tensor inverse;                // 1/|x~| [T], 0 for a row of zeros
  at::Tensor z, uu, Guu;             // A_s x~ [T, r], [T, r + 1] or [T, r], B^T B uu: float64
  Factors factors;

  bool has_time() const { return adapter.B.size(1) > adapter.A.size(0); }
  at::Tensor space_of_A() const { return adapter.A.detach().narrow(1, 1, adapter.A.size(1) - 1).to(type).contiguous(); }
  at::Tensor time_of_A() const { return adapter.A.detach().select(1, 0).to(at::kDouble); }
};

/// What the published clamp adds to 1 in the type of the run.
double published_excess(const FirstRelease& adapter) {
  return adapter.A.scalar_type() == at::kDouble ? 1e-7 : std::ldexp(1.0, -23);
}

void map(const at::Tensor& x, Trace& trace) {
  const Sphere sphere(trace.adapter);
  const at::Tensor norms = row_norms(x);
  trace.inverse = at::where(norms > 0, norms.reciprocal(), 0.0);
  trace.z = ops::frozen_product(x, trace.space_of_A(), {}).to(at::kDouble);
  const at::Tensor u = trace.z * (sphere.kap * sphere.sinh * trace.inverse).unsqueeze(1) + sphere.time() * trace.time_of_A();
  trace.uu = trace.has_time() ? at::cat({(u.square().sum(1, true) + sphere.K).sqrt(), u}, 1) : u;
  trace.Guu = at::mm(trace.uu, gram(trace.adapter.B, *trace.adapter.gram));
  trace.factors = factors((trace.uu * trace.Guu).sum(1).clamp_min(0), sphere, published_excess(trace.adapter));
  trace.scaled = (trace.uu * (trace.adapter.scale * trace.factors.c).unsqueeze(1)).to(trace.type);
}

struct MapGradients {
  at::Tensor dz;      // [T, r]
  at::Tensor weight;  // [T]: dx += weight * x~
  at::Tensor dB;      // the part through c
  at::Tensor da, dk, dnorm_scale;
};

/// P = g B, [T, columns of B]. Names as in docs/maths.md.
MapGradients back(const at::Tensor& P, const Trace& trace) {
  const Sphere sphere(trace.adapter);
  const Factors& f = trace.factors;
  const double s = trace.adapter.scale;
  const at::Tensor wide = P.to(at::kDouble), rho = (trace.uu * wide).sum(1), eta = 2 * s * rho * f.dQ;
  const at::Tensor pp = wide * (s * f.c).unsqueeze(1) + trace.Guu * eta.unsqueeze(1);
  const int64_t r = trace.adapter.A.size(0), offset = trace.has_time() ? 1 : 0;
  at::Tensor p = pp.narrow(1, offset, r), dK_time = at::zeros_like(sphere.K);
  if (trace.has_time()) {
    const at::Tensor share = pp.select(1, 0) / trace.uu.select(1, 0);
    p = p + trace.uu.narrow(1, 1, r) * share.unsqueeze(1);
    dK_time = share.sum() / 2;
  }
  const at::Tensor phi = sphere.kap * sphere.sinh * trace.inverse, pz = (p * trace.z).sum(1), sum_p = p.sum(0);
  const at::Tensor dT0 = sum_p.dot(trace.time_of_A()), along = (pz * trace.inverse).sum();
  const at::Tensor through_e = dT0 * sphere.sinh + sphere.cosh * along;
  const at::Tensor dkap = dT0 * (sphere.cosh - sphere.theta * sphere.sinh) +
                          (sphere.sinh - sphere.theta * sphere.cosh) * along + s * (rho * f.dkap).sum();
  const at::Tensor k = trace.adapter.k.detach().to(at::kDouble), B = trace.adapter.B.detach();
  const at::Tensor nu = trace.adapter.norm_scale.detach().to(at::kDouble).exp();
  return {(p * phi.unsqueeze(1)).to(P.scalar_type()),
          -pz * phi * trace.inverse.square(),
          at::mm(B, at::mm((trace.uu * eta.unsqueeze(1)).t(), trace.uu).to(B.scalar_type())),
          sphere.time() * sum_p,
          k.sign() * (dkap / (2 * sphere.kap) + dK_time),
          at::where(nu <= longest, through_e * nu, 0.0)};
}

class FirstReleaseLinear : public torch::autograd::Function<FirstReleaseLinear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& /*A*/, const at::Tensor& B,
                            const at::Tensor& /*k*/, const at::Tensor& /*norm_scale*/, const Linear* base,
                            std::shared_ptr<Trace> trace) {
    at::Tensor y = ops::frozen_product(x, base->weight, base->bias);
    map(trace->mask.apply(x).to(trace->type), *trace);
    add_product(y, trace->scaled, B.to(trace->type));
    context->save_for_backward({x, base->weight});
    ops::keep<Trace>(context, trace);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto trace = ops::kept<Trace>(context);
    const FirstRelease& adapter = trace->adapter;
    const auto saved = context->get_saved_variables();
    const at::Tensor input = trace->mask.apply(saved[0]).to(trace->type), narrow = grads[0].to(trace->type);
    const MapGradients gradients = back(at::mm(narrow, adapter.B.detach().to(trace->type)), *trace);
    const at::Tensor dz = gradients.dz;
    at::Tensor dx;
    if (context->needs_input_grad(0)) {
      dx = ops::frozen_product_grad(grads[0], saved[1]);
      add_input_gradient(dx, dz, trace->space_of_A(), gradients.weight, input, trace->mask);
    }
    const auto like = [](const at::Tensor& gradient, const at::Tensor& parameter) {
      return gradient.to(parameter.scalar_type());
    };
    return {dx,
            at::cat({like(gradients.da, adapter.A).unsqueeze(1), like(at::mm(dz.t(), input), adapter.A)}, 1),
            like(at::mm(narrow.t(), trace->scaled), adapter.B) + gradients.dB,
            like(gradients.dk, adapter.k),
            like(gradients.dnorm_scale, adapter.norm_scale),
            {},
            {}};
  }
};

}  // namespace

at::Tensor first_release_linear(const at::Tensor& x, const Linear& base, const FirstRelease& adapter, const Mask& mask) {
  auto trace = std::make_shared<Trace>();
  trace->adapter = adapter;
  trace->mask = mask;
  trace->type = product_type(x, /*wants_fp32=*/true);
  return FirstReleaseLinear::apply(x, adapter.A, adapter.B, adapter.k, adapter.norm_scale, &base, trace);
}

TokenGeometry first_release_geometry(const at::Tensor& x, const FirstRelease& adapter) {
  const at::NoGradGuard no_grad;
  Trace trace;
  trace.adapter = adapter;
  trace.type = at::kDouble;
  map(x.to(trace.type), trace);
  const at::Tensor length = Sphere(adapter).e.expand({x.size(0)});
  return {trace.z, trace.scaled, length, (trace.uu * trace.Guu).sum(1).clamp_min(0).sqrt()};
}

GateShape first_release_shape(const FirstRelease& adapter) {
  const double K = V1::curvature_of(adapter.k.item<double>()), kap = std::sqrt(K), excess = published_excess(adapter);
  return {K, kap, kap, 0, 0, kap * std::sqrt(excess * (2 + excess))};
}

}  // namespace hyplora

// The passes of gates.h over tensors, for a variant's struct of scalar functions and a runner: what calls a work for each
// token, the CPU's loop (gates.cpp) or CUDA's kernel (gates.cu).
#pragma once

#include <ATen/Dispatch.h>

#include "hyperbolic/gates.h"
#include "hyperbolic/token_gates.h"

namespace hyplora {

static_assert(sizeof(TokenGates) == gate_record * sizeof(double));

inline TokenGates* token_gates(const at::Tensor& records) { return reinterpret_cast<TokenGates*>(records.data_ptr<double>()); }

/// The trained scalars where they lie, so that nothing waits for the device.
template <class Variant>
struct ScalarPlaces {
  const double *k, *norm_scale;
  int64_t in;

  explicit ScalarPlaces(const GateScalars& scalars)
      : k(scalars.k.const_data_ptr<double>()),
        norm_scale(scalars.norm_scale.defined() ? scalars.norm_scale.const_data_ptr<double>() : nullptr),
        in(scalars.in) {}
  HYPLORA_HOST_DEVICE Variant variant() const { return Variant(*k, norm_scale != nullptr ? *norm_scale : 1, in); }
};

template <class Variant, class T>
struct EnterWork {
  ScalarPlaces<Variant> scalars;
  int64_t rank;
  const double* norms;
  const T* z;
  TokenGates* records;
  double* u;

  HYPLORA_HOST_DEVICE Variant variant() const { return scalars.variant(); }
  HYPLORA_HOST_DEVICE void operator()(const Variant& v, int64_t t) const {
    enter_token(v, norms[t], rank, z + t * rank, records + t, u + t * rank);
  }
};

template <class Variant, class T>
struct LeaveWork {
  ScalarPlaces<Variant> scalars;
  int64_t rank;
  double scale;
  const double *u, *Gu;
  TokenGates* records;
  T* scaled;

  HYPLORA_HOST_DEVICE Variant variant() const { return scalars.variant(); }
  HYPLORA_HOST_DEVICE void operator()(const Variant& v, int64_t t) const {
    leave_token(v, scale, rank, u + t * rank, Gu + t * rank, records + t, scaled + t * rank);
  }
};

template <class T>
struct BackWork {
  int64_t rank;
  double scale;
  const T *P, *z;
  const double* Gu;
  const TokenGates* records;
  T* dz;
  double *u, *eta_u, *weight, *sums;

  struct Nothing {};
  HYPLORA_HOST_DEVICE Nothing variant() const { return {}; }
  HYPLORA_HOST_DEVICE void operator()(const Nothing&, int64_t t) const {
    const int64_t position = t * rank;
    const TokenGradients g = back_token(records[t], scale, rank, P + position, z + position, Gu + position, dz + position,
                                        u + position, eta_u + position);
    weight[t] = g.weight;
    sums[2 * t] = g.dk;
    sums[2 * t + 1] = g.dscale;
  }
};

template <class Variant, class Runner>
struct GatePasses {
  static void enter(const EnterPass& p, const GateScalars& scalars) {
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, p.z.scalar_type(), "enter", [&] {
      Runner::run(p.z.device(), p.z.size(0),
                  EnterWork<Variant, scalar_t>{ScalarPlaces<Variant>(scalars), p.z.size(1), p.norms.const_data_ptr<double>(),
                                               p.z.const_data_ptr<scalar_t>(), token_gates(p.records), p.u.data_ptr<double>()});
    });
  }

  static void leave(const LeavePass& p, const GateScalars& scalars) {
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, p.scaled.scalar_type(), "leave", [&] {
      Runner::run(
          p.u.device(), p.u.size(0),
          LeaveWork<Variant, scalar_t>{ScalarPlaces<Variant>(scalars), p.u.size(1), p.scale, p.u.const_data_ptr<double>(),
                                       p.Gu.const_data_ptr<double>(), token_gates(p.records), p.scaled.data_ptr<scalar_t>()});
    });
  }

  static void back(const BackPass& p) {
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, p.z.scalar_type(), "back", [&] {
      Runner::run(p.z.device(), p.z.size(0),
                  BackWork<scalar_t>{p.z.size(1), p.scale, p.P.const_data_ptr<scalar_t>(), p.z.const_data_ptr<scalar_t>(),
                                     p.Gu.const_data_ptr<double>(), token_gates(p.records), p.dz.data_ptr<scalar_t>(),
                                     p.u.data_ptr<double>(), p.eta_u.data_ptr<double>(), p.weight.data_ptr<double>(),
                                     p.sums.data_ptr<double>()});
    });
  }
};

/// A variant's three passes on one device.
struct Passes {
  void (*enter)(const EnterPass& pass, const GateScalars& scalars);
  void (*leave)(const LeavePass& pass, const GateScalars& scalars);
  void (*back)(const BackPass& pass);
};

template <class Variant, class Runner>
constexpr Passes passes_of() {
  using All = GatePasses<Variant, Runner>;
  return {All::enter, All::leave, All::back};
}

/// A device's passes, by the variant's place in GatedVariants.
using PassesOf = const Passes& (*)(size_t variant);

/// On CUDA: from gates.cu, or no_cuda.cpp where the build has none.
const Passes& cuda_passes(size_t variant);

/// What runs on devices of a kind beside the CPU: cuda_passes on CUDA, nothing on others until something is set.
PassesOf& passes_on(c10::DeviceType type);

}  // namespace hyplora

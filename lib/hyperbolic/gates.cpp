#include "hyperbolic/gates.h"

#include "hyperbolic/gate_passes.h"
#include "hyperbolic/lorentz.h"
#include "hyperbolic/release.h"
#include "hyperbolic/simplified.h"

namespace hyplora {

namespace {

struct CpuRunner {
  template <class Work>
  static void run(int64_t tokens, const Work& work) {
    const auto variant = work.variant();
    for (int64_t t = 0; t < tokens; ++t) work(variant, t);
  }
};

/// Calls use(passes) with the passes for the tensor's device.
template <class Variant, class Use>
void on_device(const at::Tensor& tensor, Use use) {
  if (tensor.is_cuda()) return use(CudaPasses<Variant>());
  use(GatePasses<Variant, CpuRunner>());
}

template <class Variant>
class GatesOf : public Gates {
 public:
  void enter(const EnterPass& pass, const GateScalars& scalars) const override {
    on_device<Variant>(pass.z, [&](auto passes) { passes.enter(pass, scalars); });
  }
  void leave(const LeavePass& pass, const GateScalars& scalars) const override {
    on_device<Variant>(pass.u, [&](auto passes) { passes.leave(pass, scalars); });
  }
  void back(const BackPass& pass) const override {
    on_device<Variant>(pass.z, [&](auto passes) { passes.back(pass); });
  }
  GateShape shape(const GateScalars& s) const override {
    return Variant(s.k.item<double>(), s.norm_scale.defined() ? s.norm_scale.item<double>() : 1, s.in).shape(s.in);
  }
  double k_gradient_bound() const override { return Variant::k_gradient_bound; }
  bool has_norm_scale() const override { return Variant::has_norm_scale; }
  bool wants_fp32() const override { return Variant::wants_fp32; }
  double stored_k(double curvature) const override { return Variant::stored_k(curvature); }
};

}  // namespace

std::shared_ptr<const Gates> lorentz_gates() { return std::make_shared<GatesOf<Lorentz>>(); }
std::shared_ptr<const Gates> release_gates() { return std::make_shared<GatesOf<Release>>(); }
std::shared_ptr<const Gates> simplified_gates() { return std::make_shared<GatesOf<Simplified>>(); }

}  // namespace hyplora

#include "hyperbolic/variants.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "hyperbolic/gate_passes.h"
#include "hyperbolic/variant_list.h"

namespace hyplora {
namespace {

struct CpuRunner {
  template <class Work>
  static void run(at::Device /*device*/, int64_t tokens, const Work& work) {
    const auto variant = work.variant();
    for (int64_t t = 0; t < tokens; ++t) work(variant, t);
  }
};

const Passes& device_passes(c10::DeviceType type, size_t variant) {
  const PassesOf passes = passes_on(type);
  if (passes == nullptr)
    throw RunError("hyperbolic adapters have no kernels for devices of the kind {}.", c10::DeviceTypeName(type, true));
  return passes(variant);
}

template <class V>
class GatesOf : public Gates {
 public:
  /// `place`: in GatedVariants.
  explicit GatesOf(size_t place) : place_(place) {}
  void enter(const EnterPass& pass, const GateScalars& scalars) const override { passes(pass.z).enter(pass, scalars); }
  void leave(const LeavePass& pass, const GateScalars& scalars) const override { passes(pass.u).leave(pass, scalars); }
  void back(const BackPass& pass) const override { passes(pass.z).back(pass); }
  GateShape shape(const GateScalars& s) const override {
    return V(s.k.item<double>(), s.norm_scale.defined() ? s.norm_scale.item<double>() : 1, s.in).shape(s.in);
  }
  double k_gradient_bound() const override { return V::k_gradient_bound; }
  bool has_norm_scale() const override { return V::has_norm_scale; }
  bool wants_fp32() const override { return V::wants_fp32; }

 private:
  const Passes& passes(const at::Tensor& tensor) const {
    static constexpr Passes on_cpu = passes_of<V, CpuRunner>();
    return tensor.is_cpu() ? on_cpu : device_passes(tensor.device().type(), place_);
  }

  size_t place_;
};

template <class V>
Variant row_of(std::shared_ptr<const Gates> gates, std::optional<int64_t> time_coordinates) {
  return {V::name,         V::text,      V::published_as,   V::radius,
          V::start,        V::has_units, V::starts_at_auto, V::learns_curvature,
          V::can_start,    V::stored_k,  V::curvature_of,   gates,
          time_coordinates};
}

template <class... Gated, class... Others>
std::vector<Variant> rows_of(TypeList<Gated...>, TypeList<Others...>) {
  size_t place = 0;
  return {row_of<Gated>(std::make_shared<GatesOf<Gated>>(place++), std::nullopt)...,
          row_of<Others>(nullptr, Others::time_coordinates)...};
}

}  // namespace

PassesOf& passes_on(c10::DeviceType type) {
  static auto all = [] {
    std::array<PassesOf, c10::COMPILE_TIME_MAX_DEVICE_TYPES> passes{};
    passes[static_cast<size_t>(c10::DeviceType::CUDA)] = cuda_passes;
    return passes;
  }();
  return all[static_cast<size_t>(type)];
}

const std::vector<Variant>& variants() {
  static const std::vector<Variant> rows = rows_of(GatedVariants(), OtherVariants());
  return rows;
}

std::vector<std::string> variant_names() {
  std::vector<std::string> names;
  for (const auto& row : variants()) names.emplace_back(row.name);
  return names;
}

const Variant& find_variant(const std::string& name) {
  const auto row = std::find_if(variants().begin(), variants().end(), [&](const Variant& v) { return name == v.name; });
  if (row == variants().end()) {
    throw InputError("hyplora_variant: found \"{}\", expected one of {}.", name, fmt::join(variant_names(), ", "));
  }
  return *row;
}

}  // namespace hyplora

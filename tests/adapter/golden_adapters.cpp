// The fused adapters against the published code's outputs and gradients, and the plain formula's (lorentz).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "adapter/dora.h"
#include "adapter/first_release.h"
#include "adapter/low_rank.h"
#include "hyperbolic/variants.h"
#include "support/support.h"

namespace hyplora {
namespace {

using Tensors = std::map<std::string, at::Tensor>;
using test::golden;

/// What is tested: an adapter made of parameters by their golden names (A, B, k, ...), on a base layer.
struct Subject {
  std::vector<std::string> parameters;
  std::function<at::Tensor(const at::Tensor& x, const Linear& base, Tensors& parameters, double scale)> forward;
  bool needs_base = false;  // what the adapter adds is not what it computes over a weight of zeros
};

Subject low_rank(std::shared_ptr<const Gates> gates = nullptr) {
  std::vector<std::string> parameters{"A", "B"};
  if (gates) parameters.emplace_back("k");
  if (gates && gates->has_norm_scale()) parameters.emplace_back("norm_scale");
  return {parameters, [gates](const at::Tensor& x, const Linear& base, Tensors& p, double scale) {
            return low_rank_linear(x, base, {p["A"], p["B"], p["k"], p["norm_scale"], scale, gates});
          }};
}

Subject first_release() {
  return {{"A", "B", "k", "norm_scale"}, [](const at::Tensor& x, const Linear& base, Tensors& p, double scale) {
            return first_release_linear(x, base, {p["A"], p["B"], p["k"], p["norm_scale"], scale});
          }};
}

Subject dora() {
  return {{"A", "B", "magnitude"},
          [](const at::Tensor& x, const Linear& base, Tensors& p, double scale) {
            const Dora parts{p["A"], p["B"], p["magnitude"], scale};
            return dora_linear(x, base, parts, dora_norms(base.weight, squared_row_norms(base.weight), parts));
          },
          true};
}

/// One case in one arithmetic: tag f32, f64 or bf16.
class GoldenCase {
 public:
  GoldenCase(const Safetensors& file, const Json& about, const std::string& name, const std::string& tag,
             const Subject& subject)
      : file_(file), name_(name), subject_(subject), scale_(about["scale"]) {
    const at::ScalarType wide = tag == "f64" ? at::kDouble : at::kFloat, base = tag == "bf16" ? at::kBFloat16 : wide;
    x_ = in("x", base).reshape({-1, about["d_in"].get<int64_t>()}).requires_grad_();
    g_ = in("g", base).reshape({-1, about["d_out"].get<int64_t>()});
    base_.weight = in("weight", base);
    if (about["bias"]) base_.bias = in("bias", base);
    for (const auto& parameter : subject.parameters) parameters_[parameter] = in(parameter, wide).requires_grad_();
  }

  /// Every golden tensor of this tag, computed here.
  Tensors compute() {
    Tensors got = run(base_, "");
    if (subject_.needs_base) {
      const at::NoGradGuard no_grad;
      got["delta"] = got["out"] - base_.product(x_);
      got["grad_x_delta"] = got["grad_x"] - at::mm(g_, base_.weight);
      return got;
    }
    Linear silent = base_;
    silent.weight = at::zeros_like(base_.weight);
    silent.bias = at::Tensor();
    const Tensors alone = run(silent, "_delta");
    got["delta"] = alone.at("out_delta");
    got["grad_x_delta"] = alone.at("grad_x_delta");
    return got;
  }

  /// The parameters' gradients with the zero rows left out.
  Tensors compute_without_zero_rows() {
    g_ = g_ * (x_.detach().abs().sum(1, true) > 0);
    Tensors got;
    for (const auto& [name, value] : run(base_, "")) got["nz_" + name] = value;
    return got;
  }

 private:
  at::Tensor in(const std::string& what, at::ScalarType type) const {
    return file_.tensor(name_ + ".in." + what).to(type).clone();
  }

  Tensors run(const Linear& base, const std::string& mark) {
    const at::Tensor out = subject_.forward(x_, base, parameters_, scale_);
    std::vector<at::Tensor> watched{x_};
    for (const auto& name : subject_.parameters) watched.push_back(parameters_[name]);
    const auto grads = torch::autograd::grad({out}, watched, {g_});
    Tensors got{{"out" + mark, out.detach()}, {"grad_x" + mark, grads[0]}};
    for (size_t i = 0; i < subject_.parameters.size(); ++i) got["grad_" + subject_.parameters[i]] = grads[i + 1];
    return got;
  }

  const Safetensors& file_;
  std::string name_;
  const Subject& subject_;
  double scale_;
  Linear base_;
  Tensors parameters_;
  at::Tensor x_, g_;
};

/// Whether every element is within atol, and each row within row_rtol of the golden row's norm or atol. Rows that are not
/// numbers there (the first release's rows of zeros) are numbers here.
bool within(const at::Tensor& got, const at::Tensor& want, const Json& tolerance) {
  const at::Tensor compared = want.isfinite(), finite = at::where(compared, want, 0).to(at::kDouble);
  const at::Tensor error = (got.to(at::kDouble).reshape(want.sizes()) - finite) * compared;
  if (!error.isfinite().all().item<bool>()) return false;
  if (error.abs().max().item<double>() > tolerance["atol"].get<double>()) return false;
  if (!tolerance.contains("row_rtol")) return true;
  const at::Tensor rows = error.norm(2, {-1}), size = finite.norm(2, {-1});
  return (rows <= size * tolerance["row_rtol"].get<double>() + 1e-30).all().item<bool>();
}

void check_file(const std::string& file_name, const Subject& subject) {
  const Json index = read_json(golden() / "adapters" / "index.json");
  const Safetensors file = Safetensors::open(golden() / "adapters" / file_name);
  int checked = 0;
  for (const auto& [name, about] : index[file_name]["cases"].items()) {
    for (const std::string tag : {"f32", "f64", "bf16"}) {
      const std::string prefix = name + "." + tag + ".";
      if (!about["tensors"].contains(prefix + "out")) continue;
      GoldenCase golden_case(file, about, name, tag, subject);
      const bool leaves_rows_out = about["tensors"].contains(prefix + "nz_grad_A");
      Tensors got = golden_case.compute();
      if (leaves_rows_out) got.merge(golden_case.compute_without_zero_rows());
      for (const auto& [what, value] : got) {
        const std::string key = prefix + what;
        if (!about["tensors"].contains(key) || about["tensors"][key].size() < 4) continue;
        const Json& tolerance = about["tensors"][key][3];
        INFO(file_name << " " << key << " (" << about["note"] << "), largest difference "
                       << test::largest_difference(value, file.tensor(key)) << ", allowed " << tolerance.dump());
        CHECK(within(value, file.tensor(key), tolerance));
        ++checked;
      }
    }
  }
  CHECK(checked > 90);
}

TEST_CASE("LoRA computes the published outputs and gradients", "[adapter]") { check_file("lora.safetensors", low_rank()); }

TEST_CASE("lorentz computes the plain formula's outputs and gradients", "[adapter]") {
  for (const char* file :
       {"hyplora_lorentz_K1p0.safetensors", "hyplora_lorentz_K0p1.safetensors", "hyplora_lorentz_K10p0.safetensors"}) {
    check_file(file, low_rank(find_variant("lorentz").gates));
  }
}

TEST_CASE("release computes the published outputs and gradients", "[adapter]") {
  for (const char* file :
       {"hyplora_k0p1.safetensors", "hyplora_k0p5.safetensors", "hyplora_k1p0.safetensors", "hyplora_k2p0.safetensors"}) {
    check_file(file, low_rank(find_variant("release").gates));
  }
}

TEST_CASE("DoRA computes the published outputs and gradients", "[adapter]") { check_file("dora.safetensors", dora()); }

TEST_CASE("simplified computes the published outputs and gradients", "[adapter]") {
  check_file("hyplora_simplified.safetensors", low_rank(find_variant("simplified").gates));
}

TEST_CASE("v1 and v1_rot compute the published outputs and gradients", "[adapter]") {
  check_file("hyperbolic.safetensors", first_release());
  check_file("hyperbolic_rot.safetensors", first_release());
}

}  // namespace
}  // namespace hyplora

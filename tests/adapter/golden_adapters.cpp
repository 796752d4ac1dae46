// The fused adapters against the published code's outputs and gradients (lora, release) and the plain formula's (lorentz).
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "adapter/low_rank.h"
#include "support/support.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;
using test::golden;

/// One case in one arithmetic: tag f32, f64 or bf16.
class GoldenCase {
 public:
  GoldenCase(const Safetensors& file, const Json& about, const std::string& name, const std::string& tag,
             std::shared_ptr<const Gates> gates)
      : file_(file), name_(name), tag_(tag) {
    const at::ScalarType wide = tag == "f64" ? at::kDouble : at::kFloat, base = tag == "bf16" ? at::kBFloat16 : wide;
    x_ = in("x", base).reshape({-1, about["d_in"].get<int64_t>()}).requires_grad_();
    g_ = in("g", base).reshape({-1, about["d_out"].get<int64_t>()});
    base_.weight = in("weight", base);
    if (about["bias"]) base_.bias = in("bias", base);
    adapter_.A = in("A", wide).requires_grad_();
    adapter_.B = in("B", wide).requires_grad_();
    if (gates) adapter_.k = in("k", wide).requires_grad_();
    if (gates && gates->has_norm_scale()) adapter_.norm_scale = in("norm_scale", wide).requires_grad_();
    adapter_.scale = about["scale"];
    adapter_.gates = std::move(gates);
  }

  /// Every golden tensor of this tag, computed here.
  std::map<std::string, at::Tensor> compute() {
    std::map<std::string, at::Tensor> got = run(base_, "out", "grad_x");
    Linear silent = base_;
    silent.weight = at::zeros_like(base_.weight);
    silent.bias = at::Tensor();
    const auto alone = run(silent, "delta", "grad_x_delta");
    got["delta"] = alone.at("delta");
    got["grad_x_delta"] = alone.at("grad_x_delta");
    return got;
  }

 private:
  at::Tensor in(const std::string& what, at::ScalarType type) const {
    return file_.tensor(name_ + ".in." + what).to(type).clone();
  }

  std::map<std::string, at::Tensor> run(const Linear& base, const char* out_name, const char* grad_name) {
    std::map<std::string, at::Tensor*> inputs{{grad_name, &x_}, {"grad_A", &adapter_.A}, {"grad_B", &adapter_.B}};
    if (adapter_.k.defined()) inputs["grad_k"] = &adapter_.k;
    if (adapter_.norm_scale.defined()) inputs["grad_norm_scale"] = &adapter_.norm_scale;
    const at::Tensor out = low_rank_linear(x_, base, adapter_);
    std::vector<at::Tensor> watched;
    for (auto& [name, tensor] : inputs) watched.push_back(*tensor);
    const auto grads = torch::autograd::grad({out}, watched, {g_});
    std::map<std::string, at::Tensor> got{{out_name, out.detach()}};
    size_t i = 0;
    for (auto& [name, tensor] : inputs) got[name] = grads[i++];
    return got;
  }

  const Safetensors& file_;
  std::string name_, tag_;
  Linear base_;
  LowRank adapter_;
  at::Tensor x_, g_;
};

/// Whether every element is within atol, and each row within row_rtol of the golden row's norm or atol.
bool within(const at::Tensor& got, const at::Tensor& want, const Json& tolerance) {
  const at::Tensor error = (got.to(at::kDouble).reshape(want.sizes()) - want.to(at::kDouble));
  if (!error.isfinite().all().item<bool>()) return false;
  if (error.abs().max().item<double>() > tolerance["atol"].get<double>()) return false;
  if (!tolerance.contains("row_rtol")) return true;
  const at::Tensor rows = error.norm(2, {-1}), size = want.to(at::kDouble).norm(2, {-1});
  return (rows <= size * tolerance["row_rtol"].get<double>() + 1e-30).all().item<bool>();
}

void check_file(const std::string& file_name, const std::shared_ptr<const Gates>& gates) {
  const Json index = read_json(golden() / "adapters" / "index.json");
  const Safetensors file = Safetensors::open(golden() / "adapters" / file_name);
  int checked = 0;
  for (const auto& [name, about] : index[file_name]["cases"].items()) {
    for (const std::string tag : {"f32", "f64", "bf16"}) {
      if (!about["tensors"].contains(name + "." + tag + ".out")) continue;
      const auto got = GoldenCase(file, about, name, tag, gates).compute();
      for (const auto& [what, value] : got) {
        const std::string key = name + "." + tag + "." + what;
        if (!about["tensors"].contains(key)) continue;
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

TEST_CASE("LoRA computes the published outputs and gradients", "[adapter]") { check_file("lora.safetensors", nullptr); }

TEST_CASE("lorentz computes the plain formula's outputs and gradients", "[adapter]") {
  for (const char* file : {"hyplora_lorentz_K1p0.safetensors", "hyplora_lorentz_K0p1.safetensors", "hyplora_lorentz_K10p0.safetensors"}) {
    check_file(file, lorentz_gates());
  }
}

TEST_CASE("release computes the published outputs and gradients", "[adapter]") {
  for (const char* file : {"hyplora_k0p1.safetensors", "hyplora_k0p5.safetensors", "hyplora_k1p0.safetensors", "hyplora_k2p0.safetensors"}) {
    check_file(file, release_gates());
  }
}

}  // namespace
}  // namespace hyplora

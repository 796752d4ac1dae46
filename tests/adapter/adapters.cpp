#include "adapter/adapter.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/asinh.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sinh.h>
#include <torch/csrc/autograd/autograd.h>

#include "adapter/kinds.h"
#include "adapter/low_rank.h"
#include "adapter/material.h"
#include "hyperbolic/variants.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::all_kinds;
using test::Contains;
using test::make_B_random;

TokenBatch some_tokens() { return {at::randint(64, {9}, at::kLong), {5, 4}, {}}; }

TEST_CASE("A fresh adapter leaves the base as it is, and gradients reach every parameter", "[adapter]") {
  for (const auto& options : all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    Transformer model = test::small_model(1);
    const TokenBatch batch = some_tokens();
    const at::Tensor base = model.blocks(batch).detach();
    const Adapters adapters = Adapters::attach(model, options, 7);
    CHECK((test::largest_difference(model.blocks(batch), base) == 0) == find_kind(options.adapter).starts_at_base);
    make_B_random(adapters);
    torch::autograd::backward({model.blocks(batch).square().sum()}, {});
    for (const auto& parameter : adapters.trained()) {
      INFO(parameter.name);
      REQUIRE(parameter.value.grad().defined());
      // In the release's flat zone the curvature's path through |x| is exactly zero, but never the whole gradient.
      if (!parameter.name.ends_with("norm_scale")) CHECK(parameter.value.grad().abs().max().item<double>() > 0);
    }
  }
}

/// Whether a parameter's gradient is by design not the derivative of the loss: release clamps k's, DoRA holds its norms still.
bool bent_gradient(const AdapterOptions& options, const std::string& name) {
  if (options.adapter == "dora") return !name.ends_with("lora_magnitude_vector");
  return options.adapter == "hyplora" && options.hyplora_variant == "release" && name.ends_with("lora_k");
}

TEST_CASE("Every kind's gradients are the derivatives of its loss", "[adapter]") {
  for (const auto& options : all_kinds()) {
    Transformer model = test::small_model(1, at::kDouble);
    const TokenBatch batch = some_tokens();
    const Adapters adapters = Adapters::attach(model, options, 7);
    make_B_random(adapters);
    const at::Tensor weights = at::randn({9, 32}, at::kDouble);
    const auto loss = [&] { return (model.blocks(batch) * weights).sum(); };
    torch::autograd::backward({loss()}, {});
    const at::NoGradGuard no_grad;
    for (const auto& [name, value, is_curvature] : adapters.trained()) {
      if (bent_gradient(options, name)) continue;
      constexpr double step = 1e-6;
      const at::Tensor direction = at::randn(value.sizes(), at::kDouble);
      const auto loss_moved_by = [&, &value = value](double size) {  // before clang 16 [&] takes no structured binding
        const at::Tensor start = value.clone();
        value.add_(direction, size);
        const double moved = loss().item<double>();
        value.copy_(start);
        return moved;
      };
      const double slope = (loss_moved_by(step) - loss_moved_by(-step)) / (2 * step);
      INFO(options.adapter << " " << options.hyplora_variant << " " << name);
      CHECK((value.grad() * direction).sum().item<double>() == Approx(slope).epsilon(1e-5).margin(1e-6));
    }
  }
}

TEST_CASE("Recomputed activations see the same dropout, whatever the kind", "[adapter]") {
  for (auto options : all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    options.lora_dropout = 0.4;
    std::vector<std::vector<at::Tensor>> gradients;
    const TokenBatch batch = some_tokens();
    for (const bool recomputes : {false, true}) {
      Transformer model = test::small_model(1, at::kDouble);
      Adapters adapters = Adapters::attach(model, options, 7);
      at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
      generator.set_current_seed(1);
      make_B_random(adapters);
      model.set_gradient_checkpointing(recomputes);
      adapters.start_dropout(5);
      torch::autograd::backward({model.blocks(batch).square().sum()}, {});
      gradients.emplace_back();
      for (const auto& parameter : adapters.trained()) gradients.back().push_back(parameter.value.grad());
    }
    for (size_t i = 0; i < gradients[0].size(); ++i) {
      CHECK(test::largest_difference(gradients[0][i], gradients[1][i]) <= 1e-12 * gradients[0][i].abs().max().item<double>());
    }
  }
}

TEST_CASE("An adapter of another base is refused in a sentence, whatever its kind", "[adapter]") {
  ModelSpec wider = test::small_spec(), shorter = test::small_spec();
  wider.hidden_size = 64;
  wider.head_dim = 16;
  shorter.layers = 1;
  shorter.windows = {0};
  for (const auto& options : all_kinds()) {
    const test::TempFolder folder;
    Transformer model = test::small_model(1);
    Adapters::attach(model, options, 7).save(folder.path(), "base");
    for (const auto& spec : {wider, shorter}) {
      Transformer other(spec, Weights(random_weights(0.2, 1), {}));
      const std::string sentence = test::input_error([&] { Adapters::load(other, folder.path()); });
      INFO(options.adapter << " " << options.hyplora_variant << ": " << sentence);
      CHECK((sentence.find("found shape") != std::string::npos || sentence.find("belongs to no adapter") != std::string::npos));
    }
  }
}

TEST_CASE("A saved adapter is loaded the same, whatever its kind", "[adapter]") {
  for (const auto& options : all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder;
    Transformer model = test::small_model(1), other = test::small_model(1);
    const Adapters adapters = Adapters::attach(model, options, 7);
    make_B_random(adapters);
    adapters.save(folder.path(), "base");
    Adapters::load(other, folder.path());
    const TokenBatch batch = some_tokens();
    CHECK(test::largest_difference(model.blocks(batch), other.blocks(batch)) == 0);
    const Json config = read_json(folder / "adapter_config.json");
    CHECK(config["peft_type"] == find_kind(options.adapter).peft_type);
    CHECK((config["peft_type"] == "HYPLORA") == (options.adapter == "hyplora"));
    CHECK(read_json(folder / "hyplora.json")["format"] == 1);
  }
}

TEST_CASE("Under dropout the gradients are those of the masked formula", "[adapter]") {
  for (const bool hyperbolic : {false, true}) {
    const auto random = [](at::IntArrayRef shape) { return at::randn(shape, at::kDouble).requires_grad_(); };
    const Linear base{"l", at::randn({6, 5}, at::kDouble), {}, nullptr};
    const at::Tensor x = random({7, 5}), mask = at::rand({7, 5}) < 0.7, g = at::randn({7, 6}, at::kDouble);
    LowRank adapter{random({3, 5}), random({6, 3}), {}, {}, 1.5, nullptr};
    if (hyperbolic) {
      adapter.k = at::zeros({}, at::kDouble).requires_grad_();
      adapter.gates = find_variant("lorentz").gates;
    }
    const at::Tensor ours = low_rank_linear(x, base, adapter, {mask, 0.7});
    const at::Tensor dropped = x * mask / 0.7;
    at::Tensor y = at::matmul(dropped, adapter.A.t()), delta;
    if (hyperbolic) {
      const at::Tensor kappa = (adapter.k.exp() * 5).sqrt(), th = at::linalg_vector_norm(dropped, 2, {-1}, true) / kappa;
      const at::Tensor v = at::matmul(y * th.sinh() / th, adapter.B.t()), p = at::linalg_vector_norm(v, 2, {-1}, true) / kappa;
      delta = p.asinh() / p * v * 1.5;
    } else {
      delta = at::matmul(y, adapter.B.t()) * 1.5;
    }
    const at::Tensor plain = at::matmul(x, base.weight.t()) + delta;
    CHECK(test::largest_difference(ours, plain) < 1e-12);
    std::vector<at::Tensor> inputs{x, adapter.A, adapter.B};
    if (hyperbolic) inputs.push_back(adapter.k);
    const auto a = torch::autograd::grad({ours}, inputs, {g}), b = torch::autograd::grad({plain}, inputs, {g});
    for (size_t i = 0; i < inputs.size(); ++i) CHECK(test::largest_difference(a[i], b[i]) < 1e-11);
  }
}

TEST_CASE("Dropout repeats for the same seed, differs for another, and is off in evaluation", "[adapter]") {
  AdapterOptions options;
  options.lora_dropout = 0.5;
  Transformer model = test::small_model(1);
  Adapters adapters = Adapters::attach(model, options, 7);
  make_B_random(adapters);
  const TokenBatch batch = some_tokens();
  const auto with_seed = [&](uint64_t seed) {
    adapters.start_dropout(seed);
    return model.blocks(batch).detach();
  };
  CHECK(test::largest_difference(with_seed(3), with_seed(3)) == 0);
  CHECK(test::largest_difference(with_seed(3), with_seed(4)) > 0);
  adapters.stop_dropout();
  CHECK(test::largest_difference(model.blocks(batch), model.blocks(batch)) == 0);
}

/// A model with one kind of adapter whose B is the same everywhere.
Transformer adapted(AdapterOptions options, const std::string& kind, double curvature) {
  options.adapter = kind;
  options.curvature = curvature;
  options.lora_dropout = 0;
  Transformer model = test::small_model(1);
  const at::NoGradGuard no_grad;
  for (const auto& parameter : Adapters::attach(model, options, 7).trained()) {
    if (parameter.name.ends_with("lora_B.weight")) parameter.value.fill_(0.01);
  }
  return model;
}

TEST_CASE("As K grows, lorentz becomes LoRA", "[adapter]") {
  const Transformer flat = adapted({}, "lora", 1), curved = adapted({}, "hyplora", 1),
                    nearly_flat = adapted({}, "hyplora", 1e9);
  const TokenBatch batch = some_tokens();
  CHECK(test::largest_difference(flat.blocks(batch), nearly_flat.blocks(batch)) < 1e-5);
  CHECK(test::largest_difference(flat.blocks(batch), curved.blocks(batch)) > 1e-3);
}

std::vector<std::string> picked(const AdapterOptions& options) {
  Transformer model = test::small_model(1);
  std::vector<std::string> paths;
  for (const Linear* linear : target_linears(model, options)) paths.push_back(linear->path);
  return paths;
}

std::vector<std::string> picked(const StringOrList& targets) {
  AdapterOptions options;
  options.target_modules = targets;
  return picked(options);
}

TEST_CASE("Targets are suffixes, a regular expression on the whole path, or all-linear", "[adapter]") {
  CHECK(picked({{"q_proj", "down_proj"}, false}) ==
        std::vector<std::string>{"model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj",
                                 "model.layers.1.self_attn.q_proj", "model.layers.1.mlp.down_proj"});
  CHECK(picked({{R"(.*\.1\..*(q|v)_proj)"}, true}) ==
        std::vector<std::string>{"model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj"});
  // What Python's re has and other engines have not.
  CHECK(picked({{R"((?i)^(?P<where>.*)(?<!0\.self_attn)\.Q_PROJ$)"}, true}) ==
        std::vector<std::string>{"model.layers.1.self_attn.q_proj"});
  CHECK(picked({{"all-linear"}, true}).size() == 14);
  CHECK(test::input_error([] { picked({{"q_prj"}, false}); }).find("\"q_prj\" matches no module") != std::string::npos);
  CHECK(test::input_error([] { picked({{"nothing"}, true}); }).find("matches no module") != std::string::npos);
  CHECK(test::input_error([] {
          picked({{"("}, true});
        }).find("target_modules: the regular expression ( cannot be compiled") != std::string::npos);
  CHECK(test::input_error([] { picked({{".*q_proj)|(.*v_proj"}, true}); }).find("cannot be compiled") != std::string::npos);
}

TEST_CASE("Layers can be chosen and modules left out, by PEFT's rules", "[adapter]") {
  AdapterOptions options;
  options.target_modules = {{"q_proj", "down_proj"}, false};
  options.layers_to_transform = std::vector<int64_t>{1};
  CHECK(picked(options) == std::vector<std::string>{"model.layers.1.self_attn.q_proj", "model.layers.1.mlp.down_proj"});
  options.exclude_modules = StringOrList{{"mlp.down_proj"}, false};
  CHECK(picked(options) == std::vector<std::string>{"model.layers.1.self_attn.q_proj"});
  options.exclude_modules = StringOrList{{R"(.*\.mlp\..*)"}, true};
  CHECK(picked(options) == std::vector<std::string>{"model.layers.1.self_attn.q_proj"});
  options.exclude_modules = StringOrList{{"q_proj", "down_proj"}, false};
  CHECK(test::input_error([&] { picked(options); }).find("exclude_modules: nothing") != std::string::npos);
  options.exclude_modules = std::nullopt;
  options.layers_to_transform = std::vector<int64_t>{2};
  CHECK(test::input_error([&] { picked(options); }) == "layers_to_transform: found 2, the model has layers 0 to 1.");
  options.target_modules = {{"all-linear"}, true};
  CHECK(test::input_error([&] { check_adapter_options(options); }).find("name the modules in a list") != std::string::npos);
}

TEST_CASE("Rank and alpha can differ by module", "[adapter]") {
  AdapterOptions options;
  options.lora_r = 4;
  options.rank_pattern = {{"layers.1.self_attn.q_proj", 2}};
  Transformer model = test::small_model(1);
  for (const auto& parameter : Adapters::attach(model, options, 1).trained()) {
    if (!parameter.name.ends_with("lora_A.weight")) continue;
    CHECK(parameter.value.size(0) == (parameter.name.find("layers.1.self_attn.q_proj") != std::string::npos ? 2 : 4));
  }
}

TEST_CASE("An adapter that does not fit is refused with what was found", "[adapter]") {
  const test::TempFolder folder;
  Transformer model = test::small_model(1);
  AdapterOptions options;
  options.adapter = "lora";
  options.lora_r = 4;
  Adapters::attach(model, options, 1).save(folder.path(), "base");
  ModelSpec wider = test::small_spec();
  wider.hidden_size = 64;
  wider.head_dim = 16;
  Transformer other(wider, Weights(random_weights(0.2, 1), {}));
  CHECK(test::input_error([&] { Adapters::load(other, folder.path()); }).find("found shape [4, 32], expected [4, 64]") !=
        std::string::npos);
  CHECK(test::input_error([&] { Adapters::load(model, folder / "gone"); }).find("is not a folder") != std::string::npos);

  const auto refused_with = [&](const char* peft) {
    fs::remove(folder / "hyplora.json");
    write_file(folder / "adapter_config.json", peft);
    return test::input_error([&] { read_adapter_options(folder.path()); });
  };
  CHECK(refused_with(R"({"peft_type":"HYPLORA"})").find("hyplora.json is missing") != std::string::npos);
  CHECK(refused_with(R"({"peft_type":"IA3"})").find("expected one of HYPLORA, LORA") != std::string::npos);
  CHECK(refused_with(R"({"peft_type":"LORA","fan_in_fan_out":true})").find("fan_in_fan_out") != std::string::npos);
  CHECK(refused_with(R"({"peft_type":"LORA","r":"x"})").find("key \"r\": found \"x\"") != std::string::npos);
  CHECK(refused_with(R"({"peft_type":"LORA","lora_type":"hyplora-x"})").find("expected one of \"std\", \"hyplora-<k>\"") !=
        std::string::npos);
}

/// An adapter's folder of this variant with another number in a scalar of its first module, and what loading it says.
std::string said_of_scalar(const std::string& variant, const std::string& scalar, double value) {
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), test::kind("hyplora", variant));
  NamedTensors tensors;
  {
    const Safetensors file = Safetensors::open(folder / "adapter_model.safetensors");
    for (const auto& [name, info] : file.tensors()) tensors.emplace_back(name, file.tensor(name).clone());
  }
  const auto first = std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.first.ends_with(scalar); });
  REQUIRE(first != tensors.end());
  first->second = at::scalar_tensor(value, at::kDouble);
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  Transformer model = test::small_model(1);
  try {
    Adapters::load(model, folder.path());
  } catch (const InputError& error) {
    CHECK_THAT(error.what(), Contains("adapter_model.safetensors: tensor " + first->first));
    return error.what();
  }
  return "";
}

TEST_CASE("A stored scalar that its variant cannot have is refused with file and tensor", "[adapter]") {
  for (const auto& variant : hyplora_variants()) {
    INFO(variant);
    const bool has_scale = find_variant(variant).gates != nullptr && find_variant(variant).gates->has_norm_scale();
    const bool has_k = find_variant(variant).radius != nullptr;
    if (has_k) {
      for (const double k : {double(NAN), double(INFINITY), -double(INFINITY)})
        CHECK_THAT(said_of_scalar(variant, ".lora_k", k), Contains("not finite"));
      CHECK_THAT(said_of_scalar(variant, ".lora_k", 1e300), Contains("not finite"));  // nor is it in float32
      CHECK(said_of_scalar(variant, ".lora_k", 0.5) == "");
    }
    if (!has_scale) continue;
    CHECK_THAT(said_of_scalar(variant, ".lora_norm_scale", NAN), Contains("not finite"));
    CHECK_THAT(said_of_scalar(variant, ".lora_norm_scale", 0), Contains("found 0"));
  }
  for (const double k : {0.0, -1.0}) CHECK_THAT(said_of_scalar("simplified", ".lora_k", k), Contains("no curvature"));
  CHECK_THAT(said_of_scalar("v1", ".lora_k", 0), Contains("no curvature"));
  CHECK_THAT(said_of_scalar("lorentz", ".lora_k", 800), Contains("no curvature"));  // log K
}

TEST_CASE("The published scripts' spellings of a kind are understood", "[adapter]") {
  const auto spelled = [](const std::string& lora_type) {
    AdapterOptions options;
    apply_lora_type(lora_type, options, "c");
    return fmt::format("{} {} {}", options.adapter, options.hyplora_variant, options.curvature);
  };
  CHECK(spelled("hyplora-0.5") == "hyplora release 0.5");
  CHECK(spelled("hyplora") == "hyplora release 1");
  CHECK(spelled("hyplora_simplified-0.5") == "hyplora simplified 0.5");
  CHECK(spelled("hyperbolic-2") == "hyplora v1 2");
  CHECK(spelled("hyperbolic_rot") == "hyplora v1_rot 1");
  CHECK(spelled("std").starts_with("lora "));
  CHECK(test::input_error([&] { spelled("hyperbolic-"); }).find("lora_type") != std::string::npos);
}

}  // namespace
}  // namespace hyplora

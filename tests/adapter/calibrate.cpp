#include "adapter/calibrate.h"

#include <ATen/ops/linalg_vector_norm.h>

#include <cmath>

#include "adapter/material.h"
#include "adapter/observe.h"
#include "model/pack.h"

namespace hyplora {
namespace {

AdapterOptions of_variant(const std::string& variant, bool automatic) {
  AdapterOptions options = test::kind("hyplora", variant);
  options.curvature.is_auto = automatic;
  return options;
}

/// small_model with what real families do to their inputs: norm weights of 17 in the first block, and one token far outside.
Transformer extreme_model() {
  Transformer model = test::small_model(1);
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : model.named_weights()) {
    if (name == "model.layers.0.input_layernorm.weight") at::Tensor(tensor).fill_(17);
    if (name == "model.layers.0.mlp.up_proj.weight") at::Tensor(tensor).mul_(20);
  }
  return model;
}

/// Of all that learns, after one step's backward pass from the start (B = 0 for a low-rank adapter).
double first_gradient_norm(const AdapterOptions& options) {
  Transformer model = extreme_model();
  Adapters adapters = Adapters::attach(model, options, 7);
  const auto rows = test::some_rows(4);
  calibrate_curvature(model, adapters, input_norms(model, rows));
  std::vector<const Example*> batch;
  for (const auto& row : rows) batch.push_back(&row);
  const PackedBatch packed = pack(batch, model.device());
  model.loss(packed.tokens, packed.positions, packed.targets).backward();
  double squares = 0;
  for (const auto& parameter : adapters.trained()) {
    if (parameter.value.grad().defined()) squares += std::pow(parameter.value.grad().norm().item<double>(), 2);
  }
  return std::sqrt(squares);
}

TEST_CASE("auto puts the median of each module's tokens one radius out", "[adapter]") {
  for (const char* variant : {"lorentz", "bounded"}) {
    Transformer model = extreme_model();
    Adapters adapters = Adapters::attach(model, of_variant(variant, true), 7);
    const auto rows = test::some_rows(6);
    calibrate_curvature(model, adapters, input_norms(model, rows));
    const auto found = token_distances(model, input_norms(model, rows));
    REQUIRE(found.size() == 10);
    for (const auto& module : found) {
      INFO(variant << " " << module.path);
      CHECK(module.median == Approx(1).epsilon(1e-5));
      CHECK(module.largest >= module.median);
    }
  }
}

TEST_CASE("A number is not touched, and what is told of the tokens is |x| over the radius", "[adapter]") {
  Transformer model = extreme_model();
  Adapters adapters = Adapters::attach(model, of_variant("lorentz", false), 7);
  const auto rows = test::some_rows(3);
  calibrate_curvature(model, adapters, input_norms(model, rows));
  CHECK(adapters.curvature_summary() == std::array<double, 3>{1, 1, 1});
  double longest = 0;
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    if (i == 0) longest = std::max(longest, at::linalg_vector_norm(x, 2, at::IntArrayRef{1}).max().item<double>());
  });
  CHECK(token_distances(model, input_norms(model, rows))[0].largest == Approx(longest / std::sqrt(32)));
  CHECK(token_distances(model, input_norms(model, rows))[0].largest > 12);
  CHECK(token_distances(model, input_norms(model, rows))[0].bends_to == 12);
}

TEST_CASE("A variant without units of its input refuses auto", "[adapter]") {
  for (const auto& variant : hyplora_variants()) {
    if (variant == "lorentz" || variant == "bounded") continue;
    Transformer model = test::small_model(1);
    CHECK_THAT(test::input_error([&] { Adapters::attach(model, of_variant(variant, true), 7); }),
               test::Contains("curvature: found \"auto\""));
  }
}

TEST_CASE("On a model of extremes the first gradients stay near LoRA's with auto and a bound, and are finite for all",
          "[adapter]") {
  const double lora = first_gradient_norm(test::kind("lora"));
  CHECK(first_gradient_norm(of_variant("bounded", true)) < 10 * lora);
  CHECK(first_gradient_norm(of_variant("bounded", false)) < 10 * lora);
  CHECK(first_gradient_norm(of_variant("lorentz", false)) > 10 * lora);  // what they mend
  for (const auto& options : test::all_kinds()) CHECK(std::isfinite(first_gradient_norm(options)));
}

}  // namespace
}  // namespace hyplora

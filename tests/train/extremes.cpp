// First steps at the paper's rate, without warm-up, on a stand-in for what real families do to the inputs of adapters.
#include <torch/csrc/autograd/autograd.h>

#include "adapter/calibrate.h"
#include "adapter/material.h"
#include "model/pack.h"
#include "train/optimizer.h"

namespace hyplora {
namespace {

/// small_model with norm weights of 17 in the first block (Gemma 3) and a token, id 0, that is hundreds of times as long as others at
/// the second block's down_proj (first tokens of SmolLM2): its embedding alone has a first dimension, and that block
/// looks at it.
Transformer extreme_model() {
  Transformer model = test::small_model(1);
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : model.named_weights()) {
    at::Tensor weight = tensor;
    if (name == "model.embed_tokens.weight") {
      weight.select(1, 0).zero_();
      weight[0][0] = 100;
    }
    if (name == "model.layers.0.self_attn.o_proj.weight" || name == "model.layers.0.mlp.down_proj.weight") weight[0].mul_(1e-4);
    if (name == "model.layers.0.input_layernorm.weight") weight.fill_(17);
    if (name == "model.layers.1.mlp.up_proj.weight" || name == "model.layers.1.mlp.gate_proj.weight")
      weight.select(1, 0).mul_(30);
  }
  return model;
}

std::vector<Example> rows_with_a_massive_token() {
  std::vector<Example> rows = test::some_rows(4);
  for (Example& row : rows) {
    for (int64_t& id : row.ids) id = std::max<int64_t>(id, 1);
    row.ids[0] = 0;
    row.labels = row.ids;
  }
  return rows;
}

struct FirstSteps {
  std::vector<double> losses;
  double first_norm = 0;
};

FirstSteps first_steps(AdapterOptions options) {
  Transformer model = extreme_model();
  Adapters adapters = Adapters::attach(model, options, 7);
  const auto rows = rows_with_a_massive_token();
  calibrate_curvature(model, adapters, input_norms(model, rows));
  std::vector<const Example*> micro;
  for (const Example& row : rows) micro.push_back(&row);
  const PackedBatch batch = pack(micro, model.device());
  TrainOptions recipe;
  recipe.learning_rate = 1e-3;
  AdamW optimizer(adapters.trained(), recipe);
  FirstSteps made;
  for (int step = 0; step < 4; ++step) {
    const at::Tensor loss = model.loss(batch.tokens, batch.positions, batch.targets) / static_cast<double>(batch.supervised);
    torch::autograd::backward({loss}, {});
    const at::Tensor norm = optimizer.clip_gradients(1);
    if (step == 0) made.first_norm = norm.item<double>();
    optimizer.step(1, loss + norm);
    made.losses.push_back(loss.item<double>());
  }
  return made;
}

AdapterOptions of_variant(const char* variant, bool automatic) {
  AdapterOptions options = test::kind("hyplora", variant);
  options.curvature.is_auto = automatic;
  return options;
}

TEST_CASE("The stand-in's massive token is hundreds of times as long as others at one module", "[train]") {
  Transformer model = extreme_model();
  const Adapters adapters = Adapters::attach(model, of_variant("bounded", false), 7);
  const auto modules = token_distances(model, input_norms(model, rows_with_a_massive_token()));
  const auto* most = &modules.front();
  for (const auto& m : modules) most = m.largest / m.median > most->largest / most->median ? &m : most;
  CHECK(most->path == "model.layers.1.mlp.down_proj");
  CHECK(most->largest > 400 * most->median);
}

TEST_CASE("Every kind's first steps stay finite on a model of extremes", "[train]") {
  for (const AdapterOptions& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    for (const double loss : first_steps(options).losses) CHECK(std::isfinite(loss));
  }
}

TEST_CASE("The default's first gradients stay within ten times LoRA's on a model of extremes, and its steps near LoRA's",
          "[train]") {
  const FirstSteps lora = first_steps(test::kind("lora")), ours = first_steps(of_variant("bounded", true));
  CHECK(ours.first_norm < 10 * lora.first_norm);
  CHECK(ours.losses[1] < 1.5 * lora.losses[1]);
  CHECK(first_steps(of_variant("lorentz", false)).first_norm > 10 * lora.first_norm);
}

}  // namespace
}  // namespace hyplora

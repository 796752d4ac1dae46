// The fused and bottleneck forms against plain formulas with autograd, in float64 and under dropout.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/acosh.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cosh.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sinh.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include "adapter/adapter.h"
#include "adapter/dora.h"
#include "adapter/first_release.h"
#include "support/support.h"

namespace hyplora {
namespace {

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

at::Tensor norms(const at::Tensor& rows) { return at::linalg_vector_norm(rows, 2, {-1}, true); }

/// The first release as published, on the rows of x.
at::Tensor plain_first_release(const at::Tensor& x, const FirstRelease& p) {
  const at::Tensor kap = p.k.abs().sqrt(), e = p.norm_scale.exp().clamp_max(10);
  const at::Tensor n = norms(x), space = kap * (e / kap).sinh() * x / n, time = (kap * (e / kap).cosh()).expand({x.size(0), 1});
  at::Tensor u = at::matmul(at::cat({time, space}, 1), p.A.t());
  if (p.B.size(1) > p.A.size(0)) u = at::cat({(u.square().sum(1, true) + p.k.abs()).sqrt(), u}, 1);
  const at::Tensor v = at::matmul(u, p.B.t()), height = (v.square().sum(1, true) + p.k.abs()).sqrt() / kap;
  return p.scale * kap * height.clamp_min(1 + 1e-7).acosh() * v / norms(v).clamp_min(1e-7);
}

TEST_CASE("v1 and v1_rot are the first release's formula, under dropout too", "[adapter]") {
  for (const int64_t time : {0, 1}) {
    for (const bool drops : {false, true}) {
      const Linear base{"l", random({6, 5}), random({6}), nullptr};
      const Mask mask = drops ? Mask{at::rand({7, 5}) < 0.8, 0.8} : Mask{};
      const auto parts = [](const std::vector<at::Tensor>& in) { return FirstRelease{in[1], in[2], in[3], in[4], 1.5}; };
      test::check_same([&](const auto& in) { return first_release_linear(in[0], base, parts(in), mask); },
                       [&](const auto& in) {
                         return at::matmul(in[0], base.weight.t()) + base.bias +
                                plain_first_release(mask.apply(in[0]), parts(in));
                       },
                       {random({7, 5}), random({3, 6}), random({6, 3 + time}), at::scalar_tensor(0.7, at::kDouble),
                        at::scalar_tensor(0.3, at::kDouble)},
                       1e-9);
    }
  }
}

TEST_CASE("A row of zeros is finite in the first release's variants", "[adapter]") {
  const Linear base{"l", random({6, 5}), {}, nullptr};
  const FirstRelease parts{random({3, 6}), random({6, 4}), at::scalar_tensor(1.0, at::kDouble),
                           at::scalar_tensor(0.0, at::kDouble), 1};
  CHECK(first_release_linear(at::zeros({2, 5}, at::kDouble), base, parts).isfinite().all().item<bool>());
}

TEST_CASE("DoRA is the weight with scaled rows, under dropout as PEFT has it", "[adapter]") {
  for (const bool drops : {false, true}) {
    const Linear base{"l", random({6, 5}), random({6}), nullptr};
    const Mask mask = drops ? Mask{at::rand({7, 5}) < 0.8, 0.8} : Mask{};
    const at::Tensor A = random({3, 5}), B = random({6, 3});
    const at::Tensor held = norms(base.weight + 1.5 * at::matmul(B, A)).squeeze(1);
    CHECK(test::largest_difference(dora_norms(base.weight, squared_row_norms(base.weight), {A, B, {}, 1.5}), held) < 1e-12);
    test::check_same(
        [&](const auto& in) {
          return dora_linear(in[0], base, {in[1], in[2], in[3], 1.5}, held, mask);
        },
        [&](const auto& in) {
          const at::Tensor dropped = mask.apply(in[0]), c = in[3] / held;
          return at::matmul(in[0], base.weight.t()) + base.bias + (c - 1) * at::matmul(dropped, base.weight.t()) +
                 c * 1.5 * at::matmul(at::matmul(dropped, in[1].t()), in[2].t());
        },
        {random({7, 5}), A, B, random({6})});
  }
}

TEST_CASE("DoRA's norms follow A and B wherever those are written to", "[adapter]") {
  AdapterOptions options;
  options.adapter = "dora";
  options.lora_dropout = 0;
  Transformer model = test::small_model(1), again = test::small_model(1);
  const Adapters first = Adapters::attach(model, options, 7), second = Adapters::attach(again, options, 7);
  const at::NoGradGuard no_grad;
  const TokenBatch batch{at::arange(9), {9}, {}};
  const at::Tensor before = model.blocks(batch);
  for (const Adapters* adapters : {&first, &second}) {
    for (const auto& parameter : adapters->trained()) {
      if (parameter.name.ends_with("lora_B.weight")) parameter.value.fill_(0.1);
    }
  }
  CHECK(test::largest_difference(model.blocks(batch), before) > 1e-3);
  CHECK(test::largest_difference(model.blocks(batch), again.blocks(batch)) == 0);
}

TEST_CASE("Bottlenecks stand beside a module, before it or behind it", "[adapter]") {
  for (const std::string kind : {"series", "parallel"}) {
    AdapterOptions options;
    options.adapter = kind;
    options.bottleneck_size = 6;
    options.scaling = 0.5;
    options.target_modules = {{"q_proj", "down_proj"}, false};
    Transformer model = test::small_model(1, at::kDouble);
    const Adapters adapters = Adapters::attach(model, options, 7);
    const at::NoGradGuard no_grad;
    std::map<std::string, at::Tensor> weights;
    for (const auto& parameter : adapters.trained()) weights[parameter.name] = parameter.value.normal_(0, 0.3);
    for (const Linear* linear : target_linears(model, options)) {
      INFO(kind << " " << linear->path);
      const std::string name = "base_model.model." + linear->path;
      const at::Tensor D = weights[name + ".adapter_down.weight"], U = weights[name + ".adapter_up.weight"];
      const auto f = [&](const at::Tensor& h) { return 0.5 * at::matmul(at::matmul(h, D.t()).tanh(), U.t()); };
      const at::Tensor x = random({4, linear->in()}), y = linear->product(x);
      const bool behind = linear->path.ends_with("down_proj");
      const at::Tensor expected = kind == "parallel" ? y + f(x) : behind ? y + f(y) : linear->product(x + f(x));
      CHECK(test::largest_difference(linear->forward(x), expected) < 1e-12);
    }
  }
}

}  // namespace
}  // namespace hyplora

// Each operation's value and gradient against the plain formula under autograd, in float64.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdlib>

#include "ops/basic.h"
#include "ops/few_rows.h"
#include "ops/loss.h"
#include "ops/products.h"
#include "support/support.h"

namespace hyplora {
namespace {

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

TEST_CASE("rms_norm is the plain formula", "[ops]") {
  for (const int64_t width : {1, 8, 33}) {
    test::check_same([](const auto& in) { return ops::rms_norm(in[0], in[1], 1e-5); },
                     [](const auto& in) { return in[1] * in[0] / (in[0].square().mean(-1, true) + 1e-5).sqrt(); },
                     {random({7, width}), random({width})});
    test::check_same([](const auto& in) { return ops::rms_norm(in[0], in[1], 1e-5, true); },
                     [](const auto& in) { return (in[1] + 1) * in[0] / (in[0].square().mean(-1, true) + 1e-5).sqrt(); },
                     {random({7, width}), random({width})});
  }
}

TEST_CASE("rope turns pairs of a head's halves", "[ops]") {
  const at::Tensor angle = random({5, 1, 4}), cos = angle.cos(), sin = angle.sin();
  test::check_same([&](const auto& in) { return ops::rope(in[0], cos, sin); },
                   [&](const auto& in) {
                     const auto half = in[0].view({5, 3, 8}).chunk(2, -1);
                     return at::cat({half[0] * cos - half[1] * sin, half[1] * cos + half[0] * sin}, -1).reshape({5, 24});
                   },
                   {random({5, 24})});
}

TEST_CASE("gated is act(gate) * up", "[ops]") {
  test::check_same([](const auto& in) { return ops::gated(in[0], in[1], ops::Activation::silu); },
                   [](const auto& in) { return at::silu(in[0]) * in[1]; }, {random({6, 10}), random({6, 10})});
  test::check_same([](const auto& in) { return ops::gated(in[0], in[1], ops::Activation::gelu_tanh); },
                   [](const auto& in) { return at::gelu(in[0], "tanh") * in[1]; }, {random({6, 10}), random({6, 10})});
}

TEST_CASE("In one pass over fp32 or bf16 the small operations give the numbers of float64", "[ops]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const double within = type == at::kFloat ? 2e-6 : 0.02;  // of a number; bf16 rounds twice
    for (const int64_t width : {1, 15, 16, 33, 768}) {
      const auto narrow = [&](const at::Tensor& x) { return x.to(type); };
      const at::Tensor turns = at::randn({7, 1, width});
      const std::vector<at::Tensor> inputs{narrow(at::randn({7, width})), narrow(at::randn({7, width}) * 20),
                                           narrow(at::randn({width})),    narrow(turns.cos()),
                                           narrow(turns.sin()),           narrow(at::randn({7, 6 * width}))};
      const auto both = [&](const auto& operation) {
        std::vector<at::Tensor> wide;
        for (const auto& x : inputs) wide.push_back(x.to(at::kDouble));
        const at::Tensor once = operation(inputs), want = operation(wide);
        CHECK(once.scalar_type() == type);
        CHECK(((once.to(at::kDouble) - want).abs() <= want.abs().clamp_min(1) * within).all().item<bool>());
      };
      for (const bool offset : {false, true}) both([&](const auto& in) { return ops::rms_norm(in[0], in[2], 1e-6, offset); });
      both([](const auto& in) { return ops::rope(in[5], in[3], in[4]); });
      for (const auto activation : {ops::Activation::silu, ops::Activation::gelu_tanh})
        both([&](const auto& in) { return ops::gated(in[1], in[0], activation); });
    }
  }
}

TEST_CASE("In one pass, too, what is not a number stays so and what is huge stays finite", "[ops]") {
  const at::Tensor gate = at::tensor({-1e4, -100.0, 0.0, 100.0, 1e4, NAN}, at::kFloat).unsqueeze(0), up = at::ones_like(gate);
  for (const auto activation : {ops::Activation::silu, ops::Activation::gelu_tanh}) {
    const at::Tensor y = ops::gated(gate, up, activation)[0];
    CHECK(y.narrow(0, 0, 3).abs().max().item<double>() < 1e-4);
    CHECK(y[3].item<double>() == Approx(100));
    CHECK(y[4].item<double>() == Approx(1e4));
    CHECK(std::isnan(y[5].item<double>()));
    CHECK(std::isnan(ops::gated(gate.to(at::kBFloat16), up.to(at::kBFloat16), activation)[0][5].item<double>()));
  }
}

TEST_CASE("head_loss is the sum of cross-entropies, over more tokens than one chunk", "[ops]") {
  const int64_t vocab = 1 << 19, tokens = 40;  // 16 tokens a chunk
  const at::Tensor targets = at::randint(vocab, {tokens}, at::kLong);
  const at::Tensor weight = random({vocab, 3}) * 0.3;
  test::check_same(
      [&](const auto& in) { return ops::head_loss(in[0], in[1], targets); },
      [&](const auto& in) { return at::cross_entropy_loss(at::matmul(in[0], in[1].t()), targets, {}, at::Reduction::Sum); },
      {random({tokens, 3}), weight});
}

TEST_CASE("Without gradients head_loss gives the same number", "[ops]") {
  const at::Tensor targets = at::randint(50, {9}, at::kLong), hidden = random({9, 4}), weight = random({50, 4});
  const at::Tensor watched = hidden.clone().requires_grad_();
  CHECK(ops::head_loss(hidden, weight, targets).item<double>() ==
        Approx(ops::head_loss(watched, weight, targets).item<double>()));
}

TEST_CASE("frozen_linear is x W^T + b with a gradient for x", "[ops]") {
  const at::Tensor weight = random({9, 5}), bias = random({9});
  test::check_same([&](const auto& in) { return ops::frozen_linear(in[0], weight, bias); },
                   [&](const auto& in) { return at::matmul(in[0], weight.t()) + bias; }, {random({4, 5})});
}

TEST_CASE("bf16 weights widened block by block give the fp32 product of the same weights", "[ops]") {
  const at::Tensor x = at::randn({6, 700}).to(at::kBFloat16), g = at::randn({6, 900}).to(at::kBFloat16);
  const at::Tensor weight = at::randn({900, 700}).to(at::kBFloat16);
  const at::Tensor y = ops::widened_product(x, weight), dx = ops::widened_product_grad(g, weight);
  CHECK(y.scalar_type() == at::kBFloat16);
  CHECK(at::equal(y, at::matmul(x.to(at::kFloat), weight.to(at::kFloat).t()).to(at::kBFloat16)));
  const at::Tensor want = at::matmul(g.to(at::kFloat), weight.to(at::kFloat));
  CHECK(test::largest_difference(dx, want) < 0.005 * want.abs().max().item<double>());
}

TEST_CASE("A handful of rows get the product's numbers, the same for a row whatever stands beside it", "[ops]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {15, 7}, {16, 2}, {100, 33}, {768, 129}}) {
      const at::Tensor weight = at::randn({out, in}).to(type), all = at::randn({32, in}).to(type);
      const at::Tensor want = at::matmul(all.to(at::kDouble), weight.to(at::kDouble).t()),
                       one = ops::few_rows_product(all, weight);
      for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32}) {
        INFO(rows << " rows, " << in << " to " << out);
        const at::Tensor y = ops::few_rows_product(all.narrow(0, 0, rows), weight);
        CHECK(at::equal(y, one.narrow(0, 0, rows)));
        CHECK(test::largest_difference(y, want.narrow(0, 0, rows)) < (type == at::kFloat ? 1e-4 : 1.0));
      }
    }
  }
}

TEST_CASE("Operations in blocks see every row, however many there are", "[ops]") {
  for (const int64_t rows : {1, 31, 33, 200}) {
    test::check_same([](const auto& in) { return ops::gated(in[0], in[1], ops::Activation::silu); },
                     [](const auto& in) { return at::silu(in[0]) * in[1]; }, {random({rows, 2100}), random({rows, 2100})});
    test::check_same([](const auto& in) { return ops::rms_norm(in[0], in[1], 1e-5); },
                     [](const auto& in) { return in[1] * in[0] / (in[0].square().mean(-1, true) + 1e-5).sqrt(); },
                     {random({rows, 2100}), random({2100})}, 1e-9);
  }
}

}  // namespace
}  // namespace hyplora

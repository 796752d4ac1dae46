#include "analysis/linearize.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "adapter/material.h"
#include "analysis/linear_fit.h"

namespace hyplora {
namespace {

at::Tensor output_with(const fs::path& adapter) {
  Transformer model = test::small_model(1);
  Adapters::load(model, adapter);
  return model.blocks({at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}}).detach();
}

Linearization linearized(const fs::path& folder, const AdapterOptions& options, std::optional<int64_t> rank = std::nullopt,
                         uint64_t seed = 1) {
  test::write_adapter_folder(folder / "ours", options, 0.3, seed);
  fs::create_directories(folder / "linear");
  std::vector<Example> rows = test::some_rows(20);
  LinearizeOptions how{"base", folder / "ours", {rows.begin(), rows.end() - 5}, {rows.end() - 5, rows.end()}, rank};
  Transformer model = test::small_model(1);
  return linearize_adapter(model, how, folder / "linear");
}

AdapterOptions lorentz(double K) {
  AdapterOptions options = test::kind("hyplora");
  options.curvature = K;
  return options;
}

double largest_error(const Linearization& found) {
  double largest = 0;
  for (const auto& module : found.modules) largest = std::max(largest, module.heldout_error);
  return largest;
}

TEST_CASE("Where K is huge the linear approximation is the adapter", "[analysis]") {
  const test::TempFolder folder;
  const Linearization found = linearized(folder.path(), lorentz(1e9));
  CHECK(found.modules.size() == 10);
  CHECK(largest_error(found) < 1e-4);
  CHECK(test::largest_difference(output_with(folder / "linear"), output_with(folder / "ours")) < 1e-4);
  CHECK(found.linear_loss == Approx(found.hyperbolic_loss).epsilon(1e-5));
  CHECK(std::abs(found.base_loss - found.hyperbolic_loss) > 1e-3);
}

TEST_CASE("The approximation loads as LoRA and says what it is and how far off", "[analysis]") {
  AdapterOptions options = lorentz(0.3);
  options.use_rslora = true;
  options.rank_pattern = {{"layers.1.self_attn.q_proj", 2}};
  options.alpha_pattern = {{"down_proj", 5}};
  const test::TempFolder folder;
  const Linearization found = linearized(folder.path(), options);
  CHECK(largest_error(found) > 1e-3);
  CHECK(largest_error(found) < 1);
  CHECK(read_adapter_options(folder / "linear").adapter == "lora");
  CHECK(read_json(folder / "linear/adapter_config.json")["peft_type"] == "LORA");
  const Json notes = read_json(folder / "linear/hyplora.json")["notes"];
  CHECK(notes["approximate"] == true);
  CHECK(notes["heldout_rows"] == 5);
  CHECK(notes["modules"].size() == found.modules.size());
  CHECK_THAT(read_file(folder / "linear/README.md"), test::Contains("held back"));
  // It stands much nearer to the adapter than the base does.
  Transformer base = test::small_model(1);
  const at::Tensor expected = output_with(folder / "ours");
  const double off = (output_with(folder / "linear") - expected).norm().item<double>();
  CHECK(off < 0.7 * (base.blocks({at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}}) - expected).norm().item<double>());
}

TEST_CASE("Every hyperbolic variant is linearized, and those that are not are refused", "[analysis]") {
  for (const auto& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder;
    if (options.adapter == "hyplora" && options.hyplora_variant != "tangent") {
      for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
        const Linearization found = linearized(folder / std::to_string(seed), options, std::nullopt, seed);
        CHECK(found.modules.size() == 10);
        CHECK(std::isfinite(largest_error(found)));
        // Least squares is never worse than no map at all on the rows that it is fitted to. On others it may be, by much: where
        // release's flat zone holds all of them, what is to be approximated there is nearly nothing.
        for (const auto& module : found.modules) {
          CHECK(module.calibration_error > 0);
          CHECK(module.calibration_error <= 1 + 1e-6);
        }
      }
    } else {
      CHECK_THAT(test::input_error([&] { linearized(folder.path(), options); }), test::Contains("is no hyperbolic adapter"));
    }
  }
}

TEST_CASE("A lower rank costs accuracy, a higher one than the adapter's is refused", "[analysis]") {
  double last = 10;
  for (const int64_t rank : {1, 2, 3, 4}) {
    const test::TempFolder folder;
    const Linearization found = linearized(folder.path(), lorentz(1), rank);
    double error = 0;
    for (const auto& module : found.modules) {
      CHECK(module.rank == rank);
      error += module.calibration_error;
    }
    CHECK(error < last);
    last = error;
  }
  const test::TempFolder folder;
  CHECK_THAT(test::input_error([&] { linearized(folder.path(), lorentz(1), 5); }),
             test::Contains("--rank: found 5, expected 1 to 4"));
}

LinearFit fitted(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& A, const at::Tensor& B) {
  LinearFit fit;
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 20}, {20, x.size(0) - 20}}) {
    const at::Tensor part = x.narrow(0, first, count);
    fit.add({at::matmul(part, A.t()), codes.narrow(0, first, count), {}, {}}, part, at::matmul(part.t(), part));
  }
  fit.solve(A, B);
  return fit;
}

TEST_CASE("With many tokens the fit is the least-squares map of x, and tells what it leaves", "[analysis]") {
  constexpr int64_t tokens = 40000;
  const auto random = [](at::IntArrayRef shape) { return at::randn(shape, at::kDouble); };
  const at::Tensor x = random({tokens, 6}), A = random({3, 6}), B = random({7, 4}), M = random({4, 6});
  const at::Tensor codes = at::matmul(x, M.t()) + 0.1 * random({tokens, 4});
  const LinearFit fit = fitted(x, codes, A, B);
  CHECK(test::largest_difference(fit.map(), M) < 1e-2);
  const double left = at::matmul(codes - at::matmul(x, fit.map().t()), B.t()).square().sum().item<double>();
  CHECK(fit.unexplained() == Approx(left / at::matmul(codes, B.t()).square().sum().item<double>()).epsilon(1e-8));
}

TEST_CASE("The fits are the same when the rows run once for each adapter", "[analysis]") {
  Transformer model = test::small_model(1);
  const Adapters adapters = Adapters::attach(model, lorentz(0.5), 7);
  test::make_B_random(adapters);
  const auto observed = hyperbolic_adapters(model);
  const auto together = fit_linear_maps(model, observed, test::some_rows(4)),
             apart = fit_linear_maps(model, observed, test::some_rows(4), AtBound::counts, 1);
  for (size_t i = 0; i < observed.size(); ++i) {
    CHECK(together[i].unexplained() > 0);
    CHECK(test::largest_difference(together[i].map(), apart[i].map()) == 0);
  }
}

TEST_CASE("With few tokens the fit still finds a map that reads the adapter's own z", "[analysis]") {
  const at::Tensor x = at::randn({30, 64}, at::kDouble), A = at::randn({3, 64}, at::kDouble),
                   W = at::randn({4, 3}, at::kDouble), B = at::randn({7, 4}, at::kDouble);
  const LinearFit fit = fitted(x, at::matmul(at::matmul(x, A.t()), W.t()), A, B);
  CHECK(test::largest_difference(fit.map(), at::matmul(W, A)) < 1e-8);
  CHECK(fit.unexplained() < 1e-12);
}

}  // namespace
}  // namespace hyplora

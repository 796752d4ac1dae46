#include "adapter/linearize.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "adapter/linear_fit.h"
#include "adapter/material.h"

namespace hyplora {
namespace {

at::Tensor output_with(const fs::path& adapter) {
  Transformer model = test::small_model(1);
  Adapters::load(model, adapter);
  return model.blocks({at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}}).detach();
}

Linearization linearized(const fs::path& folder, const AdapterOptions& options, std::optional<int64_t> rank = std::nullopt) {
  test::write_adapter_folder(folder / "ours", options);
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

TEST_CASE("Where K is huge the linear approximation is the adapter", "[adapter]") {
  const test::TempFolder folder;
  const Linearization found = linearized(folder.path(), lorentz(1e9));
  CHECK(found.modules.size() == 10);
  CHECK(largest_error(found) < 1e-4);
  CHECK(test::largest_difference(output_with(folder / "linear"), output_with(folder / "ours")) < 1e-4);
  CHECK(found.linear_loss == Approx(found.hyperbolic_loss).epsilon(1e-5));
  CHECK(std::abs(found.base_loss - found.hyperbolic_loss) > 1e-3);
}

TEST_CASE("The approximation loads as LoRA and says what it is and how far off", "[adapter]") {
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
  CHECK(read_file(folder / "linear/README.md").find("held back") != std::string::npos);
  // It stands much nearer to the adapter than the base does.
  Transformer base = test::small_model(1);
  const at::Tensor expected = output_with(folder / "ours");
  const double off = (output_with(folder / "linear") - expected).norm().item<double>();
  CHECK(off < 0.7 * (base.blocks({at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}}) - expected).norm().item<double>());
}

TEST_CASE("Every hyperbolic variant is linearized, and those that are not are refused", "[adapter]") {
  for (const auto& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder;
    if (options.adapter == "hyplora" && options.hyplora_variant != "tangent") {
      const Linearization found = linearized(folder.path(), options);
      CHECK(found.modules.size() == 10);
      CHECK(largest_error(found) > 0);
      CHECK(largest_error(found) <= 1.1);
    } else {
      CHECK(test::input_error([&] { linearized(folder.path(), options); }).find("is no hyperbolic adapter") !=
            std::string::npos);
    }
  }
}

TEST_CASE("A lower rank costs accuracy, a higher one than the adapter's is refused", "[adapter]") {
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
  CHECK(test::input_error([&] { linearized(folder.path(), lorentz(1), 5); }).find("--rank: found 5, expected 1 to 4") !=
        std::string::npos);
}

TEST_CASE("The fit is the least-squares map and tells what it leaves", "[adapter]") {
  const at::Tensor z = at::randn({50, 3}, at::kDouble), W = at::randn({4, 3}, at::kDouble), B = at::randn({7, 4}, at::kDouble);
  const at::Tensor noise = at::randn({50, 4}, at::kDouble);
  LinearFit exact, halves, noisy;
  exact.add({z, at::matmul(z, W.t()), {}, {}});
  halves.add({z.narrow(0, 0, 20), at::matmul(z.narrow(0, 0, 20), W.t()), {}, {}});
  halves.add({z.narrow(0, 20, 30), at::matmul(z.narrow(0, 20, 30), W.t()), {}, {}});
  noisy.add({z, at::matmul(z, W.t()) + noise, {}, {}});
  CHECK(test::largest_difference(exact.map(), W) < 1e-9);
  CHECK(test::largest_difference(halves.map(), W) < 1e-9);
  CHECK(exact.unexplained(B) < 1e-12);
  const at::Tensor codes = at::matmul(z, W.t()) + noise, left = at::matmul(codes - at::matmul(z, noisy.map().t()), B.t());
  const double share = left.square().sum().item<double>() / at::matmul(codes, B.t()).square().sum().item<double>();
  CHECK(noisy.unexplained(B) == Approx(share).epsilon(1e-8));
}

}  // namespace
}  // namespace hyplora

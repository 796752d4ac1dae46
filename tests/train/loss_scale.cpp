#include "train/loss_scale.h"

#include <ATen/ops/full.h>

#include "support/devices.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::TrainingFolder;

at::Tensor flag(bool is_set) { return at::full({}, is_set ? 1.0 : 0.0, at::kFloat); }

TEST_CASE("The loss scale is halved where gradients overflow, doubled after 2000 steps, and never below 1", "[train]") {
  LossScale scale(at::kHalf, at::kCPU);
  CHECK(scale.scaled(at::full({}, 3.0, at::kFloat)).item<double>() == 3 * LossScale::start);
  scale.update(flag(true));
  CHECK(scale.value().item<double>() == LossScale::start / 2);
  for (int64_t step = 0; step < LossScale::patience; ++step) scale.update(flag(false));
  CHECK(scale.value().item<double>() == LossScale::start);
  for (int i = 0; i < 40; ++i) scale.update(flag(true));
  CHECK(scale.value().item<double>() == LossScale::least);
}

TEST_CASE("A loss scale goes on where it was saved; for other types there is none", "[train]") {
  LossScale scale(at::kHalf, at::kCPU);
  scale.update(flag(true));
  scale.update(flag(false));
  LossScale other(at::kHalf, at::kCPU);
  other.restore(scale.to_json());
  CHECK(other.to_json() == scale.to_json());
  CHECK(scale.to_json() == Json{{"scale", LossScale::start / 2}, {"finite_steps", 1}});
  CHECK(LossScale(at::kBFloat16, at::kCPU).to_json().is_null());
  CHECK_FALSE(LossScale::reads(Json{{"scale", "x"}, {"finite_steps", 1}}));
  CHECK_FALSE(LossScale::reads(5));
}

/// A run in float16 on a device; stops at the polls that are named.
fs::path trained(const TrainingFolder& place, at::Device device, const std::string& out, const std::vector<int>& stops = {}) {
  const TrainOptions options =
      place.options(out, {"dtype=float16", "adapter=lora", "max_steps=16", "save_step=100", "eval_step=100", "warmup_steps=0"});
  const auto run_to = [&](int stop_at) {
    TrainingSetup setup = prepare_training(options, device);
    load_base(setup);
    TrainObserver silent;
    int polls = 0;
    train(setup, silent, [&] { return ++polls == stop_at; });
  };
  for (const int stop_at : stops) run_to(stop_at);
  run_to(0);
  return place / out;
}

TEST_CASE("In float16 a run leaves out the steps that overflow, learns with the others, and tells the scale", "[train]") {
  const TrainingFolder place;
  std::vector<at::Device> devices = test::other_devices();
  devices.emplace_back(at::kCPU);
  for (const at::Device device : devices) {
    INFO(device);
    int64_t left_out = 0;
    std::vector<double> losses;
    double scale = LossScale::start;
    for (const auto& line : read_metrics(trained(place, device, "out" + device.str()) / "metrics.jsonl")) {
      if (!line.contains("loss")) continue;
      CHECK(line["loss_scale"] == scale);
      if (line["grad_norm"].is_null()) {
        ++left_out;
        scale /= 2;
      }
      losses.push_back(line["loss"]);
    }
    if (!device.is_cpu()) CHECK(left_out > 0);  // the CPU's own forms compute more in fp32, and nothing overflows
    CHECK(left_out < 12);
    CHECK(losses.back() < 0.9 * losses.front());
  }
}

TEST_CASE("A float16 run that stops and goes on is the run that did not stop", "[train]") {
  const TrainingFolder place;
  const fs::path whole = trained(place, at::kCPU, "whole"), parts = trained(place, at::kCPU, "parts", {4, 5});
  CHECK(read_file(whole / "adapter_model.safetensors") == read_file(parts / "adapter_model.safetensors"));
}

}  // namespace
}  // namespace hyplora

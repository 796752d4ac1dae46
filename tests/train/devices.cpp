// Training on a device: what comes out is what the CPU gives, whatever the adapter and however it is run; the host copies once a
// micro-batch and waits for nothing; what is read late is not too late.
#include "support/devices.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "adapter/material.h"
#include "model/pack.h"
#include "train/optimizer.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::Contains;
using test::TrainingFolder;
using Settings = std::vector<std::string>;

TrainOutcome run_on(
    at::Device device, const TrainOptions& options, const std::function<bool()>& stop = [] { return false; }) {
  TrainingSetup setup = prepare_training(options, device);
  load_base(setup);
  TrainObserver silent;
  return train(setup, silent, stop);
}

std::string error_on(at::Device device, const TrainOptions& options) {
  try {
    run_on(device, options);
  } catch (const RunError& error) {
    return error.what();
  }
  FAIL("expected a RunError");
  return {};
}

Settings with(const Settings& more) {
  Settings all{"dtype=float32", "max_steps=4"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void check_close(const Json& ours, const Json& want, double tolerance) {
  for (const char* key : {"loss", "grad_norm", "eval_loss"}) {
    if (!want.contains(key) || want[key].is_null()) continue;
    INFO(key << " of step " << want["step"]);
    CHECK(ours[key].get<double>() == Approx(want[key].get<double>()).epsilon(tolerance));
  }
  if (want.contains("curvature")) {
    for (const char* key : {"min", "mean", "max"})
      CHECK(ours["curvature"][key].get<double>() == Approx(want["curvature"][key].get<double>()).epsilon(tolerance));
  }
}

/// Runs with the settings on the CPU and on every other device: the same losses, norms and curvatures.
void check_like_cpu(const TrainingFolder& place, const Settings& settings, double tolerance) {
  static int run = 0;
  const std::string cpu = fmt::format("cpu{}", ++run);
  run_on(at::kCPU, place.options(cpu, settings));
  const auto want = read_metrics(place / cpu / "metrics.jsonl");
  for (const at::Device device : test::other_devices()) {
    INFO(device << ": " << fmt::format("{}", fmt::join(settings, " ")));
    const std::string other = fmt::format("other{}", ++run);
    run_on(device, place.options(other, settings));
    const auto ours = read_metrics(place / other / "metrics.jsonl");
    REQUIRE(ours.size() == want.size());
    for (size_t i = 0; i < want.size(); ++i) check_close(ours[i], want[i], tolerance);
  }
}

TEST_CASE("Every kind learns on a device what it learns on the CPU", "[train]") {
  const TrainingFolder place;
  for (const AdapterOptions& kind : test::all_kinds()) {
    check_like_cpu(place,
                   with({"adapter=" + kind.adapter, "hyplora_variant=" + kind.hyplora_variant, "bottleneck_size=6",
                         "num_virtual_tokens=3"}),
                   5e-5);
  }
}

TEST_CASE("Packing, recomputing, bfloat16, full fine-tuning and spikes go the same way on a device", "[train]") {
  const TrainingFolder place;
  check_like_cpu(place, with({"packing=true", "cutoff_len=40"}), 5e-5);
  check_like_cpu(place, with({"gradient_checkpointing=true", "eval_on_start=true"}), 5e-5);
  check_like_cpu(place, with({"dtype=bfloat16"}), 0.03);
  check_like_cpu(place, with({"adapter=full", "learning_rate=1e-4"}), 5e-5);
  check_like_cpu(place, with({"skip_spikes=true", "deterministic=true"}), 5e-5);
}

TEST_CASE("A run on a device that stops and goes on is the run that did not stop", "[train]") {
  const TrainingFolder place;
  for (const at::Device device : test::other_devices()) {
    INFO(device);
    const std::string whole = "whole" + device.str(), parts = "parts" + device.str();
    run_on(device, place.options(whole, with({"max_steps=9"})));
    for (const int stop_at : {3, 6}) {
      int polls = 0;
      CHECK(run_on(device, place.options(parts, with({"max_steps=9"})), [&] { return ++polls == stop_at; }).interrupted);
    }
    run_on(device, place.options(parts, with({"max_steps=9"})));
    CHECK(read_file(place / whole / "adapter_model.safetensors") == read_file(place / parts / "adapter_model.safetensors"));
  }
}

test::DeviceCounts counts_of(const TrainOptions& options) {
  test::reset_device_counts();
  run_on(test::pretend_device(), options);
  return test::device_counts();
}

TEST_CASE("A micro-batch goes to the device in one copy that does not block, and a step waits for nothing", "[train]") {
  const TrainingFolder place;
  for (const char* kind : {"lora", "hyplora", "dora"}) {
    INFO(kind);
    const auto counted = [&](const std::string& steps) {
      return counts_of(
          place.options("out" + steps + kind, with({"max_steps=" + steps, std::string("adapter=") + kind, "logging_steps=100",
                                                    "val_set_size=0", "save_step=1000", "eval_step=1000"})));
    };
    const auto few = counted("3"), many = counted("13");
    CHECK(many.copies_in - few.copies_in == 10 * 2);  // two micro-batches a step
    CHECK(many.waits() == few.waits());
  }
}

/// Operations and kernels that a micro-batch of one row takes, forward and backward, in a model of so many layers.
int64_t operations(const AdapterOptions& kind, int64_t layers) {
  ModelSpec spec = test::small_spec();
  spec.layers = layers;
  spec.windows.assign(static_cast<size_t>(layers), 0);
  Transformer model(spec, Weights(random_weights(0.2, 1), {at::kFloat, test::pretend_device(), false}));
  Adapters adapters = Adapters::attach(model, kind, 7);
  const Example row = test::some_rows(1).front();
  const auto learn = [&] {
    const PackedBatch batch = pack({&row}, model.device());
    torch::autograd::backward({model.loss(batch.tokens, batch.positions, batch.targets)}, {});
  };
  learn();  // what is kept from then on, and gradients that others are added to
  test::reset_device_counts();
  learn();
  return test::device_counts().operations + test::device_counts().kernels;
}

TEST_CASE("A layer's forward and backward pass ask a device for few operations", "[train]") {
  const auto of_layer = [](const char* kind, const char* variant) {
    return operations(test::kind(kind, variant), 2) - operations(test::kind(kind, variant), 1);
  };
  CHECK(of_layer("lora", "lorentz") <= 134);
  CHECK(of_layer("dora", "lorentz") <= 199);
  CHECK(of_layer("hyplora", "bounded") <= 204);
}

TEST_CASE("What is told of a step is that step's, however late it is read", "[train]") {
  const TrainingFolder place;
  const Settings settings =
      with({"max_steps=7", "logging_steps=7", "curvature_learning_rate=0.05", "save_step=100", "eval_step=100"});
  check_like_cpu(place, settings, 5e-5);
  run_on(test::pretend_device(), place.options("late", settings));
  double told = 0, least = INFINITY, most = 0;
  for (const auto& line : read_metrics(place / "late/metrics.jsonl")) {
    if (!line.contains("grad_norm")) continue;
    CHECK(line["peak_reserved_bytes"] >= line["peak_memory_bytes"]);
    if (++told == 1) continue;  // read by itself
    least = std::min(least, line["step_seconds"].get<double>());
    most = std::max(most, line["step_seconds"].get<double>());
  }
  CHECK(told == 7);
  CHECK(least == most);  // the six that were read together
}

TEST_CASE("A step that is not finite is named by a device as by the CPU, although others followed it", "[train]") {
  const TrainingFolder place;
  const Settings settings =
      with({"learning_rate=1e30", "max_grad_norm=0", "logging_steps=50", "max_steps=9", "save_step=100", "eval_step=100"});
  const auto start = [](const std::string& error) { return error.substr(0, error.find("model.layers")); };
  const std::string want = start(error_on(at::kCPU, place.options("cpu", settings)));
  CHECK_THAT(want, Contains("is not finite; the first non-finite value comes out of module"));
  for (const at::Device device : test::other_devices())
    CHECK(start(error_on(device, place.options("other", settings))) == want);
}

TEST_CASE("The first step that is not finite holds all later updates", "[train]") {
  std::vector<at::Device> devices = test::other_devices();
  devices.emplace_back(at::kCPU);
  for (const at::Device device : devices) {
    INFO(device);
    const at::Tensor value = at::ones({3}, at::TensorOptions(at::kFloat).device(device)).requires_grad_();
    AdamW optimizer({{"a", value}}, TrainOptions());
    const auto updated = [&](double watched) {
      value.mutable_grad() = at::ones_like(value).detach();
      optimizer.step(1, at::full({}, watched, value.options().requires_grad(false)));
      return value.detach().cpu();
    };
    const at::Tensor moved = updated(1).clone();
    CHECK(moved[0].item<float>() < 1);
    CHECK(updated(NAN).equal(moved));
    CHECK(updated(1).equal(moved));
  }
}

TEST_CASE("A device without room ends the run with what needs less", "[train]") {
  const TrainingFolder place;
  TrainingSetup setup =
      prepare_training(place.options("out", with({"adapter=lora", "val_set_size=0"})), test::pretend_device());
  load_base(setup);
  const auto limited = test::limit_device_memory(test::pretend_device(), 300 << 10);
  TrainObserver silent;
  std::string error;
  try {
    train(setup, silent, [] { return false; });
  } catch (const RunError& caught) {
    error = caught.what();
  }
  CHECK_THAT(error, Contains("step 1: out of memory on pretend:1") && Contains("micro_batch_size or gradient_checkpointing"));
}

TEST_CASE("A peak that a device has no room for is told before the run", "[train]") {
  TrainingPlan plan;
  plan.steps = 100;
  plan.predicted_peak_bytes = int64_t{3} << 30;
  plan.free_bytes = int64_t{2} << 30;
  const auto said = plan_advice({}, plan);
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0], Contains("3072 MB") && Contains("2048 MB") && Contains("micro_batch_size"));
  plan.free_bytes = int64_t{4} << 30;
  CHECK(plan_advice({}, plan).empty());
}

}  // namespace
}  // namespace hyplora

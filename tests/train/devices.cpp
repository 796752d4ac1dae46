// Training on a device: what comes out is what the CPU gives, whatever the adapter, and through stops.
#include "support/devices.h"

#include "adapter/material.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::TrainingFolder;

void run_on(
    at::Device device, const TrainOptions& options, const std::function<bool()>& stop = [] { return false; }) {
  TrainingSetup setup = prepare_training(options, device);
  load_base(setup);
  TrainObserver silent;
  train(setup, silent, stop);
}

void check_close(const fs::path& folder, const fs::path& other, double tolerance) {
  const auto ours = read_metrics(folder / "metrics.jsonl"), want = read_metrics(other / "metrics.jsonl");
  REQUIRE(ours.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    for (const char* key : {"loss", "grad_norm", "eval_loss"}) {
      if (!want[i].contains(key) || want[i][key].is_null()) continue;
      INFO(key << " in line " << i + 1);
      CHECK(ours[i][key].get<double>() == Approx(want[i][key].get<double>()).epsilon(tolerance));
    }
  }
}

std::vector<std::string> settings(const AdapterOptions& options) {
  return {"adapter=" + options.adapter,
          "hyplora_variant=" + options.hyplora_variant,
          "max_steps=5",
          "bottleneck_size=6",
          "num_virtual_tokens=3",
          "lora_dropout=0",
          "dtype=float32"};
}

TEST_CASE("Every kind learns on a device what it learns on the CPU", "[train]") {
  const TrainingFolder place;
  int run = 0;
  for (const at::Device device : test::other_devices()) {
    for (const AdapterOptions& kind : test::all_kinds()) {
      INFO(device << ": " << kind.adapter << " " << kind.hyplora_variant);
      const std::string cpu = fmt::format("cpu{}", ++run), other = fmt::format("other{}", run);
      run_on(at::kCPU, place.options(cpu, settings(kind)));
      run_on(device, place.options(other, settings(kind)));
      check_close(place / other, place / cpu, 2e-5);
    }
  }
}

}  // namespace
}  // namespace hyplora

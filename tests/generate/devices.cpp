// Decoding on a device: the CPU's ids, and one copy there and one back a pass.
#include "support/devices.h"
#include "adapter/material.h"
#include "generate/alternatives.h"
#include "generate/decode.h"

namespace hyplora {
namespace {

struct Decoded {
  std::map<size_t, Ids> ids;
  int64_t passes = 0;
};

Decoded decoded(at::Device device, const AdapterOptions& kind, int64_t beams) {
  Transformer model = test::small_model(5, at::kFloat, device);
  const Adapters adapters = Adapters::attach(model, kind, 7);
  test::make_B_random(adapters);
  std::vector<Ids> prompts;
  for (int64_t i = 0; i < 6; ++i) prompts.push_back(Ids(static_cast<size_t>(1 + i * 7 % 11), 3 + i));
  DecodeOptions options;
  options.max_new_tokens = 10;
  options.batch_size = 4;
  options.beams = beams;
  Decoded made;
  DecodeControl control;
  control.interrupted = [&] { return ++made.passes, false; };
  test::reset_device_counts();
  decode(model, prompts, options, control,
         [&](size_t i, const std::vector<Completion>& best) { made.ids[i] = best.front().ids; });
  return made;
}

TEST_CASE("A device completes prompts as the CPU does, whatever the adapter, with beams and without", "[generate]") {
  for (const AdapterOptions& kind : test::all_kinds()) {
    for (const int64_t beams : {1, 4}) {
      for (const at::Device device : test::other_devices()) {
        INFO(device << ": " << kind.adapter << " " << kind.hyplora_variant << ", " << beams << " beams");
        CHECK(decoded(device, kind, beams).ids == decoded(at::kCPU, kind, beams).ids);
      }
    }
  }
}

TEST_CASE("A pass of decoding copies to the device without blocking, and waits once, for the logits", "[generate]") {
  for (const int64_t beams : {1, 4}) {
    INFO(beams << " beams");
    const int64_t passes = decoded(test::pretend_device(), test::kind("lora"), beams).passes;
    const test::DeviceCounts& counts = test::device_counts();
    CHECK(passes > 10);
    CHECK(counts.blocking_in == 0);
    CHECK(counts.copies_in <= (beams > 1 ? 2 : 1) * passes);
    CHECK(counts.waits() <= passes);
  }
}

}  // namespace
}  // namespace hyplora

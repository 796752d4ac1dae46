#include "adapter/convert.h"

#include <ATen/ops/tensor.h>

#include "adapter/material.h"

namespace hyplora {
namespace {

constexpr const char* weights = "adapter_model.safetensors";

at::Tensor output_with(const fs::path& adapter) {
  Transformer model = test::small_model(1);
  Adapters::load(model, adapter);
  return model.blocks({at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}}).detach();
}

void converted(const fs::path& from, const std::string& layout, const fs::path& to) {
  fs::create_directory(to);
  convert_adapter(from, layout, to);
}

TEST_CASE("To the release's layout and back, every value stays bit for bit", "[adapter]") {
  std::vector<AdapterOptions> all;
  for (const char* variant : {"release", "simplified", "v1", "v1_rot"}) all.push_back(test::kind("hyplora", variant));
  all.push_back(test::kind("lora"));
  all.push_back(test::kind("dora"));
  for (auto& options : all) {
    INFO(options.adapter << " " << options.hyplora_variant);
    options.curvature = 0.25;
    const test::TempFolder folder;
    test::write_adapter_folder(folder / "ours", options);
    converted(folder / "ours", "release", folder / "theirs");
    converted(folder / "theirs", "hyplora", folder / "back");
    CHECK(read_file(folder / "ours" / weights) == read_file(folder / "back" / weights));
    CHECK_FALSE(fs::exists(folder / "theirs/hyplora.json"));
    CHECK(read_json(folder / "theirs/adapter_config.json")["peft_type"] == "LORA");
    if (options.adapter == "hyplora")
      CHECK(read_json(folder / "back/hyplora.json")["hyplora_variant"] == options.hyplora_variant);
    const at::Tensor expected = output_with(folder / "ours");
    CHECK(test::largest_difference(output_with(folder / "theirs"), expected) == 0);
    CHECK(test::largest_difference(output_with(folder / "back"), expected) == 0);
  }
}

TEST_CASE("The releases find their kind and their names", "[adapter]") {
  const auto written = [](const std::string& variant, double curvature) {
    AdapterOptions options = test::kind("hyplora", variant);
    options.curvature = curvature;
    const test::TempFolder folder;
    test::write_adapter_folder(folder / "ours", options);
    converted(folder / "ours", "release", folder / "theirs");
    const auto file = Safetensors::open(folder / "theirs" / weights);
    const std::string module = "base_model.model.model.layers.0.self_attn.q_proj.";
    const bool first = variant.starts_with("v1");
    CHECK(file.tensors().at(module + (first ? "k" : "lora_k")).shape.empty());
    CHECK(file.contains(module + (first ? "norm_scale" : "lora_norm_scale")) == (variant != "simplified"));
    return read_json(folder / "theirs/adapter_config.json")["lora_type"].get<std::string>();
  };
  CHECK(written("release", 1) == "hyplora-1.0");
  CHECK(written("simplified", 0.5) == "hyplora_simplified-0.5");
  CHECK(written("v1", 2) == "hyperbolic-2.0");
  CHECK(written("v1_rot", 1.5) == "hyperbolic_rot-1.5");
  CHECK(written("release", 1e-5) == "hyplora-0.00001000000000000");
}

TEST_CASE("What PEFT computes is written for PEFT", "[adapter]") {
  for (const auto& options : {test::kind("lora"), test::kind("dora"), test::kind("hyplora", "tangent"), test::kind("prefix")}) {
    INFO(options.adapter);
    const test::TempFolder folder;
    test::write_adapter_folder(folder / "ours", options);
    converted(folder / "ours", "peft", folder / "peft");
    CHECK(read_json(folder / "peft/adapter_config.json")["peft_type"] ==
          (options.adapter == "prefix" ? "PREFIX_TUNING" : "LORA"));
    CHECK_FALSE(fs::exists(folder / "peft/hyplora.json"));
    CHECK(test::largest_difference(output_with(folder / "peft"), output_with(folder / "ours")) == 0);
  }
}

TEST_CASE("A layout that has no place for an adapter is refused with the reason", "[adapter]") {
  const auto refused = [](AdapterOptions options, const std::string& layout) {
    const test::TempFolder folder;
    test::write_adapter_folder(folder / "ours", options);
    fs::create_directory(folder / "other");
    return test::input_error([&] { convert_adapter(folder / "ours", layout, folder / "other"); });
  };
  CHECK_THAT(refused(test::kind("hyplora", "lorentz"), "release"), test::Contains("no formula for variant lorentz"));
  CHECK_THAT(refused(test::kind("hyplora", "lorentz"), "peft"), test::Contains("hyplora-adapter linearize"));
  CHECK_THAT(refused(test::kind("hyplora", "release"), "peft"), test::Contains("compute plain LoRA"));
  CHECK_THAT(refused(test::kind("series"), "peft"), test::Contains("no bottleneck adapters"));
  CHECK_THAT(refused(test::kind("parallel"), "release"), test::Contains("no such kind"));
  CHECK_THAT(refused(test::kind("lora"), "gguf"), test::Contains("expected one of hyplora, release, peft"));
  AdapterOptions negative = test::kind("hyplora", "release"), patterned = test::kind("hyplora", "v1");
  negative.curvature = -0.5;
  CHECK_THAT(refused(negative, "release"), test::Contains("splits it at dashes"));
  patterned.rank_pattern = {{"q_proj", 2}};
  CHECK_THAT(refused(patterned, "release"), test::Contains("the first release knows no"));
}

}  // namespace
}  // namespace hyplora

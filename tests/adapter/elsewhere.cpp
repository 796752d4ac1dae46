#include "adapter/elsewhere.h"

#include "adapter/convert.h"
#include "adapter/kinds.h"
#include "adapter/material.h"

namespace hyplora {
namespace {

/// The sentence of the refusal, or nothing where the folder was written.
std::string refusal(const fs::path& from, const std::string& layout, const fs::path& to) {
  fs::create_directories(to);
  try {
    convert_adapter(from, layout, to);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST_CASE("Where an adapter loads is what it can be written for, and the reasons why not are the same", "[adapter]") {
  const std::pair<const char*, LoadsThere (*)(const AdapterOptions&, const Json&)> places[] = {{"peft", loads_in_peft},
                                                                                               {"release", loads_in_release}};
  auto all = test::all_kinds();
  all.push_back(test::kind("hyplora", "release"));
  all.back().curvature = -0.5;
  all.push_back(test::kind("hyplora", "v1"));
  all.back().use_rslora = true;
  for (const auto& options : all) {
    const test::TempFolder folder;
    test::write_adapter_folder(folder / "ours", options);
    const Json config = read_json(folder / "ours/adapter_config.json");
    for (const auto& [layout, loads_there] : places) {
      INFO(options.adapter << " " << options.hyplora_variant << " " << layout);
      const std::string sentence = refusal(folder / "ours", layout, folder / layout);
      const LoadsThere ours = loads_there(options, config);
      if (sentence.empty()) {
        CHECK(ours.loads == (ours.why_not.find(std::string("convert --to ") + layout) == std::string::npos));
        CHECK(loads_there(read_adapter_options(folder / layout), read_json(folder / layout / "adapter_config.json")).loads);
      } else {
        CHECK_FALSE(ours.loads);
        const std::string reason = sentence.substr(sentence.rfind("): ") + 3);
        CHECK(ours.why_not.ends_with(reason.substr(0, reason.size() - 1)));
      }
    }
  }
}

TEST_CASE("A published hyperbolic folder is known not to load in PEFT, which would give no error", "[adapter]") {
  const LoadsThere there = loads_in_peft(test::kind("hyplora", "release"), {{"lora_type", "hyplora-1.0"}});
  CHECK_FALSE(there.loads);
  CHECK(there.why_not.starts_with("PEFT ignores lora_type and gives no error"));
}

TEST_CASE("A model card says of each kind where its folder loads", "[adapter]") {
  const auto says = [](const AdapterOptions& options, const char* text) {
    return loading_text(options).find(text) != std::string::npos;
  };
  CHECK(says(test::kind("lora"), "loads in Hugging Face PEFT"));
  CHECK(says(test::kind("prefix"), "loads in Hugging Face PEFT"));
  CHECK(says(test::kind("series"), "no bottleneck adapters"));
  CHECK(says(test::kind("hyplora"), "not linear"));
  CHECK(says(test::kind("hyplora", "tangent"), "`convert --to peft` writes it as LoRA"));
  AdapterOptions full;
  full.adapter = "full";
  CHECK(says(full, "Hugging Face checkpoint"));
}

TEST_CASE("Only virtual tokens take places before a row", "[adapter]") {
  for (const auto& options : test::all_kinds()) {
    Transformer model = test::small_model(1);
    Adapters::attach(model, options, 7);
    INFO(options.adapter);
    CHECK(lead_tokens(options) == model.virtual_count());
  }
}

}  // namespace
}  // namespace hyplora

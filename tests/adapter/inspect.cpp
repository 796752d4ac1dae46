#include "adapter/inspect.h"

#include "adapter/kinds.h"
#include "adapter/material.h"
#include "core/error.h"

namespace hyplora {
namespace {

TEST_CASE("An inspection tells kind, sizes, curvature and where the adapter loads, whatever its kind", "[adapter]") {
  const test::TempFolder base;
  test::write_base(base.path());
  for (const auto& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder;
    test::write_adapter_folder(folder.path(), options);
    Transformer model = test::small_model(1);
    const Adapters adapters = Adapters::load(model, folder.path());
    const Json facts = inspect_adapter(folder.path(), base.path());
    CHECK(facts["kind"] == options.adapter);
    CHECK((facts["variant"] == options.hyplora_variant) == (options.adapter == "hyplora"));
    CHECK(facts["layout"] == "hyplora");
    CHECK(facts["peft_type"] == peft_type_of(options));
    CHECK(facts["parameters"].get<int64_t>() >= adapters.trained_count());
    CHECK(facts["bytes"] == 4 * facts["parameters"].get<int64_t>());
    CHECK(facts["dtypes"]["F32"] == facts["tensors"].size());
    CHECK(facts["modules"].size() == (options.adapter == "prefix" ? 0 : 10));
    CHECK(facts["loads_in"]["stock PEFT"]["loads"] == (peft_type_of(options) == "LORA" || options.adapter == "prefix"));
    CHECK(facts["loads_in"][base.path().string()]["loads"] == true);
    const auto K = adapters.curvature_summary();
    REQUIRE(facts["curvature"].is_null() == !K.has_value());
    if (K) CHECK(facts["curvature"]["mean"].get<double>() == Approx((*K)[1]));
    CHECK_THAT(inspection_text(facts), test::Contains(find_kind(options.adapter).title));
  }
}

TEST_CASE("An adapter_config.json of another form beside hyplora.json is a sentence with the file, whatever the kind",
          "[adapter]") {
  for (const auto& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder, to;
    test::write_adapter_folder(folder.path(), options);
    const Json whole = read_json(folder / "adapter_config.json");
    for (const Json& other : {Json::array({1}), Json(3), Json("x"), Json()}) {
      write_file(folder / "adapter_config.json", json_text(other));
      CHECK_THAT(test::input_error([&] { inspect_adapter(folder.path(), ""); }), test::Contains("adapter_config.json: "));
    }
    for (const Json& other : {Json::array({1, "a"}), Json(3), Json{{"a", 1}}, Json()}) {
      for (const char* key : {"peft_type", "base_model_name_or_path", "lora_type"}) {
        INFO(key << " " << json_text(other));
        Json changed = whole;
        changed[key] = other;
        write_file(folder / "adapter_config.json", json_text(changed));
        try {
          CHECK_FALSE(inspection_text(inspect_adapter(folder.path(), "")).empty());
        } catch (const InputError& error) {
          CHECK_THAT(error.what(), test::Contains("adapter_config.json: "));
        }
      }
    }
  }
}

TEST_CASE("Ranks, scalings and curvatures are each module's own", "[adapter]") {
  AdapterOptions options = test::kind("hyplora");
  options.target_modules = {{"q_proj"}, false};
  options.rank_pattern = {{"layers.1.self_attn.q_proj", 2}};
  options.alpha_pattern = {{"layers.1.self_attn.q_proj", 6}};
  options.curvature = 0.5;
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), options);
  const Json modules = inspect_adapter(folder.path(), "")["modules"];
  CHECK(modules[0]["path"] == "model.layers.0.self_attn.q_proj");
  CHECK(modules[0]["r"] == 4);
  CHECK(modules[0]["alpha"] == 8);
  CHECK(modules[1]["r"] == 2);
  CHECK(modules[1]["alpha"] == 6);
  CHECK(modules[1]["scale"] == 3);
  CHECK(modules[1]["K"].get<double>() == Approx(0.5));
}

TEST_CASE("A base that an adapter does not fit is named with the first tensor", "[adapter]") {
  const test::TempFolder folder, base;
  test::write_adapter_folder(folder.path(), test::kind("lora"));
  test::write_base_config(base.path());
  Json config = read_json(base / "config.json");
  config["hidden_size"] = 64;
  write_file(base / "config.json", config.dump());
  const Json fits = inspect_adapter(folder.path(), base.path())["loads_in"][base.path().string()];
  CHECK(fits["loads"] == false);
  CHECK_THAT(fits["why"].get<std::string>(),
             test::Contains("layers.0.self_attn.q_proj.lora_A.weight: found shape [4, 32], expected [4, 64]"));
}

TEST_CASE("Where a hyperbolic adapter does not load, the reason is told", "[adapter]") {
  const auto why = [](const std::string& variant, const char* place) -> std::string {
    const test::TempFolder folder;
    test::write_adapter_folder(folder.path(), test::kind("hyplora", variant));
    return inspect_adapter(folder.path(), "")["loads_in"][place]["why"];
  };
  CHECK_THAT(why("lorentz", "stock PEFT"), test::Contains("HYPLORA"));
  CHECK_THAT(why("lorentz", "the paper's release"), test::Contains("no formula for variant lorentz"));
  CHECK_THAT(why("release", "the paper's release"), test::Contains("lora_type \"hyplora-1.0\""));
  CHECK_THAT(why("tangent", "stock PEFT"), test::Contains("--to peft"));
}

TEST_CASE("A checkpoint is not taken for an adapter", "[adapter]") {
  const test::TempFolder base;
  test::write_base(base.path());
  CHECK_THAT(test::input_error([&] { inspect_adapter(base.path(), ""); }), test::Contains("is a checkpoint"));
}

}  // namespace
}  // namespace hyplora

// The two files of an adapter folder are held to one set of rules, and their values to what they can be.
#include <ATen/ops/full.h>

#include "adapter/material.h"

namespace hyplora {
namespace {

using test::Contains;

/// A LoRA or HypLoRA folder whose files are rewritten.
struct Folder {
  explicit Folder(const AdapterOptions& options) { test::write_adapter_folder(place / "a", options); }
  std::string refusal() const {
    return test::input_error([&] {
      Transformer model = test::small_model(1);
      Adapters::load(model, place / "a");
    });
  }
  void set(const char* file, const char* key, const Json& value) const {
    Json config = read_json(place / "a" / file);
    config[key] = value;
    write_file(place / "a" / file, config.dump());
  }
  test::TempFolder place;
};

TEST_CASE("Numbers that hyplora.json could not hold are refused in adapter_config.json, too", "[adapter]") {
  const std::vector<std::pair<const char*, Json>> odd{{"lora_alpha", 1e308},
                                                      {"lora_alpha", 0},
                                                      {"lora_dropout", 7},
                                                      {"lora_dropout", -0.1},
                                                      {"r", 4.7},
                                                      {"r", 0},
                                                      {"r", -4},
                                                      {"r", 10'000'000},
                                                      {"r", "4"},
                                                      {"use_rslora", 1},
                                                      {"rank_pattern", {{"q_proj", 0}}},
                                                      {"r", 4611686018427387904LL}};
  for (const auto& [key, value] : odd) {
    const Folder folder(test::kind("lora"));
    fs::remove(folder.place / "a/hyplora.json");
    folder.set("adapter_config.json", key, value);
    INFO(key << " " << value);
    CHECK_THAT(folder.refusal(), Contains("adapter_config.json"));
  }
}

TEST_CASE("A rank of ten million is compared with the file before memory is asked for", "[adapter]") {
  const Folder folder(test::kind("lora"));
  fs::remove(folder.place / "a/hyplora.json");
  folder.set("adapter_config.json", "r", 1 << 20);
  CHECK_THAT(folder.refusal(), Contains("found shape [4, 32], expected [1048576, 32]"));
}

TEST_CASE("What hyplora.json leaves out is taken from adapter_config.json; where they differ both are named", "[adapter]") {
  const Folder folder(test::kind("hyplora"));
  Json own = read_json(folder.place / "a/hyplora.json");
  own.erase("lora_r");
  write_file(folder.place / "a/hyplora.json", own.dump());
  CHECK(read_adapter_options(folder.place / "a").lora_r == 4);
  folder.set("hyplora.json", "lora_r", 5);
  CHECK_THAT(folder.refusal(), Contains("hyplora.json: key \"lora_r\": found 5, but adapter_config.json says 4"));
}

TEST_CASE("Adapter tensors that are not finite, and curvatures that are none, are refused with their names", "[adapter]") {
  const auto with = [](const AdapterOptions& options, const std::string& part, double value) {
    const Folder folder(options);
    const fs::path file = folder.place / "a/adapter_model.safetensors";
    NamedTensors changed;
    {
      const Safetensors stored = Safetensors::open(file);
      for (const auto& [name, info] : stored.tensors()) {
        at::Tensor tensor = stored.tensor(name).clone();
        if (name.ends_with(part)) tensor.fill_(value);
        changed.emplace_back(name, tensor);
      }
    }
    write_safetensors(file, changed);
    Transformer model = test::small_model(1);
    try {
      Adapters::load(model, folder.place / "a");
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (const AdapterOptions& options : test::all_kinds()) {
    if (options.adapter == "prefix" || options.adapter == "series" || options.adapter == "parallel") continue;
    for (const double value : {NAN, INFINITY})
      CHECK_THAT(with(options, "lora_A.weight", value), Contains("lora_A.weight: holds values that are not finite"));
  }
  CHECK_THAT(with(test::kind("hyplora", "simplified"), "lora_k", 0),
             Contains("lora_k: found 0, which stands for no curvature"));
  CHECK_THAT(with(test::kind("hyplora", "simplified"), "lora_k", -1), Contains("no curvature"));
  CHECK_THAT(with(test::kind("hyplora", "lorentz"), "lora_k", 800), Contains("no curvature"));  // e^800
  CHECK_THAT(with(test::kind("hyplora", "lorentz"), "lora_k", NAN), Contains("not finite"));
  CHECK(with(test::kind("hyplora", "lorentz"), "lora_k", -1).empty());  // a logarithm
}

}  // namespace
}  // namespace hyplora

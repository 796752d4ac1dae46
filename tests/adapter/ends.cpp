// Adapters of PEFT's that change embedding and head, held against the logits that PEFT computes (tests/golden/make_ends.py).
#include "adapter/ends.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>

#include "adapter/adapter_tensors.h"
#include "adapter/convert.h"
#include "adapter/inspect.h"
#include "adapter/material.h"
#include "adapter/merge.h"
#include "model/load.h"

namespace hyplora {
namespace {

using test::Contains;

const fs::path goldens = test::in_source("tests/golden/ends");

fs::path base_of(const fs::path& folder) {
  const bool tied = folder.filename().string().starts_with("tied_");
  return test::in_source(tied ? "tests/golden/model/tiny_qwen2_window" : "tests/golden/model/tiny_mistral");
}

std::vector<fs::path> folders() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(goldens)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

Transformer load(const fs::path& base, at::ScalarType type = at::kFloat) {
  return load_model(base, read_model_spec(base), {type, at::kCPU, false});
}

at::Tensor logits(const Transformer& model, const at::Tensor& ids) {
  const at::NoGradGuard no_grad;
  const at::Tensor row = ids.reshape({-1});
  return model.logits(model.final_norm(model.blocks({row, {row.numel()}, {}})));
}

TEST_CASE("LoRA and saved weights of embedding and head compute what PEFT computes, on tied bases, too", "[adapter]") {
  REQUIRE(folders().size() == 14);
  for (const auto& folder : folders()) {
    INFO(folder.filename().string());
    const Safetensors golden = Safetensors::open(folder / "golden.safetensors");
    const at::Tensor ids = golden.tensor("input_ids"), wanted = golden.tensor("logits").reshape({-1, 96});
    Transformer model = load(base_of(folder));
    const at::Tensor plain = logits(model, ids);
    Adapters::load(model, folder);
    CHECK(test::largest_difference(logits(model, ids), wanted) < 2e-5 * wanted.abs().max().item<double>());
    CHECK(test::largest_difference(plain, wanted) > 0.01);
    detach_adapters(model);
    CHECK(test::largest_difference(logits(model, ids), plain) == 0);
  }
}

TEST_CASE("The loss is that of the head as the adapter makes it", "[adapter]") {
  Transformer model = load(test::in_source("tests/golden/model/tiny_mistral"));
  Adapters::load(model, goldens / "untied_lora_head");
  const at::NoGradGuard no_grad;
  const at::Tensor ids = Safetensors::open(goldens / "untied_lora_head/golden.safetensors").tensor("input_ids").reshape({-1});
  const at::Tensor scores = logits(model, ids).log_softmax(1);
  const at::Tensor loss = model.loss({ids, {ids.numel()}, {}}, at::arange(0, 9), ids.slice(0, 1));
  CHECK(loss.item<double>() == Approx(-scores.slice(0, 0, 9).gather(1, ids.slice(0, 1).unsqueeze(1)).sum().item<double>()));
}

TEST_CASE("A merged checkpoint holds embedding and head; a tied base under which they differ is refused", "[adapter]") {
  for (const auto& folder : folders()) {
    INFO(folder.filename().string());
    const test::TempFolder to;
    const auto merged = [&] { Merge(base_of(folder), folder, std::nullopt, at::kCPU).write(to.path()); };
    const bool differ = folder.filename().string().starts_with("tied_") && !folder.string().ends_with("_tying");
    if (differ) {
      CHECK_THAT(test::input_error(merged), Contains("the base ties embedding and head"));
      continue;
    }
    merged();
    const Safetensors golden = Safetensors::open(folder / "golden.safetensors");
    const at::Tensor wanted = golden.tensor("logits").reshape({-1, 96});
    const Transformer model = load(to.path());
    CHECK(test::largest_difference(logits(model, golden.tensor("input_ids")), wanted) <
          2e-5 * wanted.abs().max().item<double>());
  }
}

TEST_CASE("An inspection says what is on embedding and head, and that it loads, with a base and without", "[adapter]") {
  for (const auto& folder : folders()) {
    INFO(folder.filename().string());
    const fs::path base = base_of(folder);
    const Json alone = inspect_adapter(folder, "")["loads_in"], on_base = inspect_adapter(folder, base)["loads_in"];
    CHECK(alone["hyplora"]["loads"] == true);
    CHECK(on_base[base.string()]["loads"] == true);
  }
  const std::string told = inspection_text(inspect_adapter(goldens / "untied_lora_embedding", ""));
  CHECK_THAT(told, Contains("model.embed_tokens  in 96  out 32  r 2  alpha 4"));
  CHECK_THAT(told, Contains("q_proj, embed_tokens"));
  CHECK_THAT(inspection_text(inspect_adapter(goldens / "untied_saved_ends", "")), Contains("lm_head  its own weight"));
}

/// A copy of a golden folder to be changed.
class Changed {
 public:
  explicit Changed(const std::string& name) {
    for (const char* file : {"adapter_config.json", "adapter_model.safetensors"})
      fs::copy_file(goldens / name / file, folder_ / file);
  }
  void config(const std::string& key, const Json& value) const {
    Json changed = read_json(folder_ / "adapter_config.json");
    changed[key] = value;
    write_file(folder_ / "adapter_config.json", changed.dump());
  }
  void tensors(const std::function<void(std::map<std::string, at::Tensor>&)>& change) const {
    std::map<std::string, at::Tensor> all;
    {
      const Safetensors file = Safetensors::open(folder_ / "adapter_model.safetensors");
      for (const auto& [name, info] : file.tensors()) all[name] = file.tensor(name).clone();
    }
    change(all);
    write_safetensors(folder_ / "adapter_model.safetensors", {all.begin(), all.end()});
  }
  std::string refusal() const {
    Transformer model = load(test::in_source("tests/golden/model/tiny_mistral"));
    return test::input_error([&] { Adapters::load(model, folder_.path()); });
  }
  fs::path path() const { return folder_.path(); }

 private:
  test::TempFolder folder_;
};

TEST_CASE("What does not fit embedding or head is refused with the tensor or the key", "[adapter]") {
  const std::string prefix = "base_model.model.";
  const Changed longer("untied_saved_ends"), half("untied_lora_head"), none("untied_lora_ends"), infinite("untied_saved_ends"),
      gone("untied_saved_ends");
  longer.tensors([&](auto& all) { all[prefix + "lm_head.weight"] = at::ones({97, 32}); });
  CHECK_THAT(longer.refusal(), Contains("tensor lm_head.weight: found shape [97, 32], expected [96, 32]"));
  half.tensors([&](auto& all) { all.erase(prefix + "lm_head.lora_B.weight"); });
  CHECK_THAT(half.refusal(), Contains("tensor lm_head.lora_B.weight is missing"));
  none.tensors(
      [&](auto& all) { std::erase_if(all, [](const auto& e) { return e.first.find("lm_head.lora") != e.first.npos; }); });
  CHECK_THAT(none.refusal(), Contains("holds no LoRA of lm_head, which target_modules names"));
  infinite.tensors([&](auto& all) { all[prefix + "lm_head.weight"].fill_(INFINITY); });
  CHECK_THAT(infinite.refusal(), Contains("what it makes of lm_head.weight is not finite"));
  gone.tensors([&](auto& all) { all.erase(prefix + "lm_head.weight"); });
  CHECK_THAT(gone.refusal(), Contains("holds no weight of lm_head, which modules_to_save names"));
  const Changed dora("untied_lora_head"), other("untied_saved_ends");
  dora.config("use_dora", true);
  CHECK_THAT(dora.refusal(), Contains("key \"target_modules\": names lm_head, on which only plain LoRA is computed here"));
  other.config("modules_to_save", Json::array({"lm_head", "norm"}));
  CHECK_THAT(other.refusal(), Contains("key \"modules_to_save\": found \"norm\", expected embed_tokens or lm_head alone"));
}

TEST_CASE("An adapter on embedding or head is not converted", "[adapter]") {
  const test::TempFolder to;
  CHECK_THAT(test::input_error([&] { convert_adapter(goldens / "untied_lora_head", "hyplora", to.path()); }),
             Contains("is of embedding or head"));
}

TEST_CASE("The published inspection case of LoRA on lm_head loads here", "[adapter]") {
  const auto folder = test::shared("cases/inspect-lm-head");
  if (!folder) return;
  CHECK(inspect_adapter(*folder, "")["loads_in"]["hyplora"]["loads"] == true);
}

}  // namespace
}  // namespace hyplora

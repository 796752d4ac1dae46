#include "adapter/adapter_tensors.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "adapter/material.h"

namespace hyplora {
namespace {

constexpr const char* plain = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight";

TEST_CASE("One parameter is found under all the names that files give it", "[adapter]") {
  for (const char* name : {
           plain,
           "base_model.model.model.layers.1.self_attn.q_proj.lora_A.default.weight",
           "base_model.model.model.layers.1.self_attn.q_proj.lora_A.my_task.weight",
           "base_model.model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
           "base_model.model.base_model.model.model.layers.1.self_attn.q_proj.lora_A.default.weight",
           "module.base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
           "_orig_mod.base_model.model.model.layers.1._orig_mod.self_attn.q_proj.lora_A.weight",
           "base_model.model._fsdp_wrapped_module.model.layers.1._fsdp_wrapped_module.self_attn.q_proj.lora_A.weight",
           "model.layers.1.self_attn.q_proj.lora_A.weight",
           "layers.1.self_attn.q_proj.lora_A.weight",
       }) {
    INFO(name);
    CHECK(clean_adapter_name(name) == plain);
    CHECK(adapter_place(name) == "layers.1.self_attn.q_proj.lora_A.weight");
  }
  const std::string module = "base_model.model.model.layers.0.mlp.up_proj.";
  for (const auto& [stored, clean] :
       std::map<std::string, std::string>{{"lora_magnitude_vector.default", "lora_magnitude_vector"},
                                          {"lora_magnitude_vector.default.weight", "lora_magnitude_vector"},
                                          {"lora_magnitude_vector.weight", "lora_magnitude_vector"},
                                          {"lora_k.default", "lora_k"},
                                          {"k", "lora_k"},
                                          {"norm_scale", "lora_norm_scale"},
                                          {"lora_norm_scale.default", "lora_norm_scale"}}) {
    CHECK(clean_adapter_name(module + stored) == module + clean);
  }
}

TEST_CASE("The decoder inside a multimodal model keeps its place's name, and is found under any of them", "[adapter]") {
  const std::string newer = "base_model.model.model.language_model.layers.0.mlp.up_proj.lora_B.weight",
                    older = "base_model.model.language_model.model.layers.0.mlp.up_proj.lora_B.weight";
  CHECK(clean_adapter_name(newer) == newer);
  CHECK(clean_adapter_name(older) == older);
  CHECK(adapter_place(newer) == adapter_place(older));
  const std::string vision = "base_model.model.model.vision_tower.encoder.layers.0.mlp.up_proj.lora_B.weight";
  CHECK(adapter_place(vision) != adapter_place(newer));
}

TEST_CASE("What is no adapter's tensor keeps its name", "[adapter]") {
  for (const char* name : {"model.layers.0.self_attn.q_proj.weight", "prompt_embeddings",
                           "base_model.model.lm_head.lora_A.bias", "base_model.model.model.layers.0.mlp.up_proj.lora_B.bias"}) {
    CHECK(clean_adapter_name(name) == name);
    CHECK(adapter_place(name) == name);
  }
}

TEST_CASE("Tensors of embedding and head are found under any of their names", "[adapter]") {
  for (const auto& [name, place] : std::vector<std::pair<std::string, std::string>>{
           {"base_model.model.lm_head.lora_A.weight", "lm_head.lora_A.weight"},
           {"module.base_model.model.lm_head.lora_B.default.weight", "lm_head.lora_B.weight"},
           {"base_model.model.lm_head.base_layer.weight", "lm_head.base_layer.weight"},
           {"base_model.model.lm_head.modules_to_save.default.weight", "lm_head.weight"},
           {"base_model.model.model.embed_tokens.weight", "embed_tokens.weight"},
           {"base_model.model.model.embed_tokens.lora_embedding_A.default", "embed_tokens.lora_embedding_A"},
           {"base_model.model.model.language_model.embed_tokens.lora_embedding_B", "embed_tokens.lora_embedding_B"}}) {
    INFO(name);
    CHECK(adapter_place(name) == place);
    CHECK(adapter_place(place) == place);
    CHECK(adapter_place(clean_adapter_name(name)) == place);
  }
  CHECK(clean_adapter_name("base_model.model.lm_head.lora_A.default.weight") == "base_model.model.lm_head.lora_A.weight");
}

/// The names as a compiled and wrapped PEFT model would have them.
std::string wrapped(const std::string& name) {
  std::string other = "module._orig_mod." + name;
  if (const size_t position = other.find(".weight"); position != std::string::npos)
    return other.replace(position, 7, ".default.weight");
  return name.find("lora_") == std::string::npos ? other : other + ".default";
}

TEST_CASE("Every kind of adapter is loaded the same from a file with wrapped names", "[adapter]") {
  for (const auto& options : test::all_kinds()) {
    if (options.adapter == "prefix") continue;  // its tensor belongs to no module
    INFO(options.adapter << " " << options.hyplora_variant);
    const test::TempFolder folder;
    test::write_adapter_folder(folder.path(), options);
    Transformer model = test::small_model(1), other = test::small_model(1);
    Adapters::load(model, folder.path());
    {
      const Safetensors file = Safetensors::open(folder / "adapter_model.safetensors");
      NamedTensors renamed;
      for (const auto& name : names_in_order(file)) renamed.emplace_back(wrapped(name), file.tensor(name).clone());
      write_safetensors(folder / "adapter_model.safetensors", renamed);
    }
    Adapters::load(other, folder.path());
    const TokenBatch batch{at::tensor({5, 6, 7, 8, 9, 10}, at::kLong), {6}, {}};
    CHECK(test::largest_difference(model.blocks(batch), other.blocks(batch)) == 0);
  }
}

TEST_CASE("Files that hold no one adapter are refused in a sentence", "[adapter]") {
  const test::TempFolder folder;
  const auto opened = [&] { return test::input_error([&] { AdapterTensors::open(folder.path()); }); };
  write_file(folder / "adapter_model.bin", "pickle");
  CHECK_THAT(opened(), test::Contains("is a pickle"));
  const std::string module = "base_model.model.model.layers.0.mlp.up_proj.lora_A.";
  write_safetensors(folder / "adapter_model.safetensors",
                    {{module + "first.weight", at::zeros({2, 3})}, {module + "second.weight", at::zeros({2, 3})}});
  CHECK_THAT(opened(), test::Contains("belong to the same place"));
  write_safetensors(folder / "adapter_model.safetensors", {});
  CHECK_THAT(opened(), test::Contains("holds no tensors"));
}

}  // namespace
}  // namespace hyplora

#include "adapter/merge.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "adapter/dora.h"
#include "adapter/foldable.h"
#include "adapter/low_rank.h"
#include "adapter/material.h"
#include "model/load.h"

namespace hyplora {
namespace {

const TokenBatch batch() { return {at::tensor({5, 6, 7, 8, 9, 10, 60, 3}, at::kLong), {5, 3}, {}}; }

at::Tensor logits_of(const Transformer& model) { return model.logits(model.final_norm(model.blocks(batch()))).detach(); }

Transformer loaded(const fs::path& folder) { return load_model(folder, read_model_spec(folder), {}); }

/// Kinds that have a matrix, with everything that shapes it.
std::vector<AdapterOptions> mergeable() {
  std::vector<AdapterOptions> all{test::kind("lora"), test::kind("dora"), test::kind("hyplora", "tangent")};
  for (const char* adapter : {"lora", "dora"}) {
    AdapterOptions patterned = test::kind(adapter);
    patterned.use_rslora = true;
    patterned.rank_pattern = {{"layers.1.self_attn.q_proj", 2}};
    patterned.alpha_pattern = {{"up_proj", 3}};
    patterned.target_modules = {{"all-linear"}, true};
    all.push_back(patterned);
  }
  return all;
}

TEST_CASE("A merged weight is the sum, and DoRA's has the learned row norms", "[adapter]") {
  const at::Tensor W = at::randn({6, 5}), A = at::randn({3, 5}), B = at::randn({6, 3}), m = at::randn({6}).abs();
  const at::Tensor sum = W.to(at::kDouble) + 0.7 * at::matmul(B.to(at::kDouble), A.to(at::kDouble));
  CHECK(test::largest_difference(low_rank_sum(W, A, B, 0.7), sum) < 1e-5);
  const at::Tensor merged = merged_dora(W, {A, B, m, 0.7});
  CHECK(test::largest_difference(at::linalg_vector_norm(merged, 2, {1}), m) < 1e-5);
  CHECK(test::largest_difference(merged / merged.select(1, 0).unsqueeze(1), sum / sum.select(1, 0).unsqueeze(1)) < 1e-3);
}

TEST_CASE("A kind has a reason why there is no merged weight, or its adapters fold into what they compute", "[adapter]") {
  for (auto options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    Transformer model = test::small_model(1);
    test::make_B_random(Adapters::attach(model, options, 7));
    for (const Linear* linear : model.linears()) {
      if (!linear->adapter) continue;
      const auto foldable = std::dynamic_pointer_cast<const FoldableAdapter>(linear->adapter);
      REQUIRE((foldable != nullptr) == (not_a_matrix(options) == nullptr));
      if (!foldable) continue;
      const at::Tensor x = at::randn({9, linear->in()}), y = at::matmul(x, foldable->merged(linear->weight).t());
      CHECK(test::largest_difference(y, linear->forward(x)) < 1e-5 * std::max(1.0, y.abs().max().item<double>()));
    }
  }
}

TEST_CASE("A merged checkpoint computes what base and adapter compute", "[adapter]") {
  const test::TempFolder folder;
  test::write_base(folder / "base");
  for (const auto& options : mergeable()) {
    INFO(options.adapter << " " << options.use_rslora);
    fs::remove_all(folder / "adapter");
    fs::remove_all(folder / "merged");
    test::write_adapter_folder(folder / "adapter", options);
    const Merge merge(folder / "base", folder / "adapter", std::nullopt, at::kCPU);
    fs::create_directory(folder / "merged");
    merge.write(folder / "merged");
    Transformer base = loaded(folder / "base");
    const at::Tensor before = logits_of(base);
    Adapters::load(base, folder / "adapter");
    const at::Tensor adapted = logits_of(base), merged = logits_of(loaded(folder / "merged"));
    const double largest = adapted.abs().max().item<double>();
    CHECK(test::largest_difference(before, adapted) > 0.01 * largest);
    CHECK(test::largest_difference(merged, adapted) < 2e-5 * largest);
    CHECK(merge.probe().largest_difference < 2e-5 * merge.probe().largest_logit);
    CHECK(merge.modules() == target_linears(base, options).size());
  }
}

/// A checkpoint of two shards in bfloat16, with an index and other files.
void write_sharded(const fs::path& folder) {
  test::write_base_config(folder);
  NamedTensors first, second;
  Json index{{"metadata", {{"total_size", 0}}}, {"weight_map", Json::object()}};
  for (const auto& [name, weight] : test::small_model(1).named_weights()) {
    const bool late = name.find("layers.1.") != std::string::npos;
    (late ? second : first).emplace_back(name, weight.to(at::kBFloat16));
    index["weight_map"][name] = late ? "model-00002-of-00002.safetensors" : "model-00001-of-00002.safetensors";
  }
  write_safetensors(folder / "model-00001-of-00002.safetensors", first, {{"format", "pt"}});
  write_safetensors(folder / "model-00002-of-00002.safetensors", second, {{"format", "pt"}});
  write_file(folder / "model.safetensors.index.json", index.dump(2));
  write_file(folder / "tokenizer.json", "{}");
  write_file(folder / "pytorch_model.bin", "old weights");
}

TEST_CASE("The merged checkpoint keeps the source's shards, names, types and other files", "[adapter]") {
  const test::TempFolder folder;
  write_sharded(folder / "base");
  test::write_adapter_folder(folder / "adapter", test::kind("lora"));
  fs::create_directory(folder / "merged");
  Merge(folder / "base", folder / "adapter", std::nullopt, at::kCPU).write(folder / "merged");
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors.index.json"})
    CHECK(read_file(folder / "merged" / name) == read_file(folder / "base" / name));
  CHECK_FALSE(fs::exists(folder / "merged/pytorch_model.bin"));
  for (const char* shard : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}) {
    const auto before = Safetensors::open(folder / "base" / shard), after = Safetensors::open(folder / "merged" / shard);
    CHECK(after.metadata() == before.metadata());
    REQUIRE(after.tensors().size() == before.tensors().size());
    for (const auto& [name, info] : before.tensors()) {
      INFO(name);
      CHECK(after.tensors().at(name).dtype == "BF16");
      CHECK(after.tensors().at(name).begin == info.begin);
      const bool is_target = name.find("q_proj") != std::string::npos || name.find("down_proj") != std::string::npos;
      const double difference = test::largest_difference(before.tensor(name), after.tensor(name));
      if (is_target) CHECK(difference > 0);
      if (name.find("norm") != std::string::npos || name.find("o_proj") != std::string::npos) CHECK(difference == 0);
    }
  }
}

TEST_CASE("Sums are rounded once, to the type that is asked for", "[adapter]") {
  const test::TempFolder folder;
  write_sharded(folder / "base");
  test::write_adapter_folder(folder / "adapter", test::kind("lora"));
  for (const char* name : {"same", "wide"}) fs::create_directory(folder / name);
  Merge(folder / "base", folder / "adapter", std::nullopt, at::kCPU).write(folder / "same");
  Merge(folder / "base", folder / "adapter", at::kFloat, at::kCPU).write(folder / "wide");
  const auto same = CheckpointFiles::open(folder / "same"), wide = CheckpointFiles::open(folder / "wide");
  for (const auto& name : wide.names()) {
    CHECK(wide.info(name).dtype == "F32");
    CHECK(test::largest_difference(wide.file_of(name).tensor(name).to(at::kBFloat16), same.file_of(name).tensor(name)) == 0);
  }
  CHECK(read_json(folder / "wide/config.json")["torch_dtype"] == "float32");
  CHECK(read_json(folder / "wide/model.safetensors.index.json")["metadata"]["total_size"] == wide.total_bytes());
}

TEST_CASE("No tensor that is not finite is written into a merged checkpoint", "[adapter]") {
  const test::TempFolder folder;
  test::write_base_config(folder / "base");
  test::write_adapter_folder(folder / "adapter", test::kind("lora"));
  const auto said = [&](const std::string& tensor, float value, std::optional<at::ScalarType> dtype) -> std::string {
    NamedTensors weights = test::small_model(1).named_weights();
    const at::NoGradGuard no_grad;
    for (auto& [name, weight] : weights) {
      if (name == tensor) weight[-1].fill_(value);
    }
    write_safetensors(folder / "base/model.safetensors", weights);
    fs::create_directories(folder / "out");
    try {
      Merge(folder / "base", folder / "adapter", dtype, at::kCPU).write(folder / "out");
    } catch (const RunError& error) {
      return error.what();
    }
    return "";
  };
  CHECK_THAT(said("model.layers.0.mlp.up_proj.weight", NAN, std::nullopt),
             test::Contains("comes out of module model.layers.0.mlp.up_proj"));
  CHECK_THAT(said("model.layers.1.self_attn.q_proj.weight", INFINITY, std::nullopt),
             test::Contains("comes out of module model.layers.1.self_attn.q_proj"));
  CHECK_THAT(said("model.embed_tokens.weight", NAN, std::nullopt), test::Contains("not finite"));
  CHECK_THAT(said("model.norm.weight", 1e5f, at::kHalf), test::Contains("not finite"));
  CHECK(said("model.norm.weight", 1e5f, at::kBFloat16) == "");
}

TEST_CASE("An adapter that has no matrix is not merged, and the reason is told", "[adapter]") {
  const test::TempFolder folder;
  test::write_base(folder / "base");
  for (const auto& options : test::all_kinds()) {
    if (not_a_matrix(options) == nullptr) continue;
    INFO(options.adapter << " " << options.hyplora_variant);
    fs::remove_all(folder / "adapter");
    test::write_adapter_folder(folder / "adapter", options);
    const std::string sentence = test::input_error([&] { Merge(folder / "base", folder / "adapter", std::nullopt, at::kCPU); });
    CHECK_THAT(sentence, test::Contains("cannot be merged"));
    CHECK((sentence.find("hyplora-adapter linearize") != std::string::npos) == (options.adapter == "hyplora"));
  }
}

}  // namespace
}  // namespace hyplora

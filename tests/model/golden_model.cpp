// The decoder against Hugging Face's: logits with either padding, loss, gradients, greedy continuations.
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/autograd.h>

#include "generate/decode.h"
#include "model/load.h"
#include "model/pack.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::golden;

/// The rows of a padded batch in the golden files, without their padding.
std::vector<Example> unpadded_rows(const Safetensors& file, const std::string& side, const std::string& labels) {
  const at::Tensor ids = file.tensor(side + ".input_ids"), mask = file.tensor(side + ".attention_mask").to(at::kBool);
  const at::Tensor targets = file.tensor(side + "." + labels);
  std::vector<Example> rows;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const at::Tensor kept = ids[i].masked_select(mask[i]), kept_labels = targets[i].masked_select(mask[i]);
    Example row;
    row.ids.assign(kept.const_data_ptr<int64_t>(), kept.const_data_ptr<int64_t>() + kept.numel());
    row.labels.assign(kept_labels.const_data_ptr<int64_t>(), kept_labels.const_data_ptr<int64_t>() + kept.numel());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<const Example*> pointers(const std::vector<Example>& rows) {
  std::vector<const Example*> all;
  for (const auto& row : rows) all.push_back(&row);
  return all;
}

struct Golden {
  explicit Golden(const std::string& name, bool trainable = false)
      : folder(golden() / "model" / name),
        file(Safetensors::open(folder / "golden.safetensors")),
        model(load_model(folder, read_model_spec(folder), {at::kFloat, at::kCPU, trainable})) {}

  fs::path folder;
  Safetensors file;
  Transformer model;
};

const std::vector<std::string> with_older_config{"tiny_llama", "tiny_llama3", "tiny_qwen2", "tiny_gemma", "tiny_gemma3_text"};
const std::vector<std::string> models{"tiny_llama",        "tiny_llama3",      "tiny_qwen2",
                                      "tiny_gemma",        "tiny_gemma3_text", "tiny_mistral",
                                      "tiny_qwen2_window", "tiny_qwen3",       "tiny_gemma3_multimodal"};

TEST_CASE("Logits are Hugging Face's for right and left padded batches", "[model]") {
  for (const auto& name : models) {
    const Golden g(name);
    for (const std::string side : {"right", "left"}) {
      const auto rows = unpadded_rows(g.file, side, "labels");
      const PackedBatch batch = pack(pointers(rows), at::kCPU);
      const at::Tensor got = g.model.logits(g.model.final_norm(g.model.blocks(batch.tokens)));
      const at::Tensor mask = g.file.tensor(side + ".attention_mask").to(at::kBool);
      const at::Tensor want = g.file.tensor(side + ".logits").index({mask});
      INFO(name << " " << side);
      CHECK(test::largest_difference(got, want) < 1e-4);
      if (side == "left") CHECK(test::largest_difference(got, g.file.tensor("left.logits_maskpos").index({mask})) < 1e-4);
    }
  }
}

TEST_CASE("Loss is Hugging Face's, and padding on the left does not change it", "[model]") {
  for (const auto& name : models) {
    const Golden g(name);
    const double want = g.file.tensor("right.loss").item<double>();
    CHECK(summed_loss(g.model, pointers(unpadded_rows(g.file, "right", "labels"))).mean() == Approx(want).epsilon(1e-6));
    CHECK(summed_loss(g.model, pointers(unpadded_rows(g.file, "left", "labels_first_masked"))).mean() ==
          Approx(want).epsilon(1e-6));
  }
}

TEST_CASE("Gradients of all golden weights are Hugging Face's", "[model]") {
  for (const auto& name : models) {
    for (const bool recomputes : {false, true}) {
      Golden g(name, true);
      g.model.set_gradient_checkpointing(recomputes);
      const auto rows = unpadded_rows(g.file, "right", "labels");
      const PackedBatch batch = pack(pointers(rows), at::kCPU);
      const at::Tensor loss =
          g.model.loss(batch.tokens, batch.positions, batch.targets) / static_cast<double>(batch.supervised);
      torch::autograd::backward({loss}, {});
      int compared = 0;
      for (const auto& [weight_name, weight] : g.model.named_weights()) {
        if (!g.file.contains("right.grad." + weight_name)) continue;
        const at::Tensor want = g.file.tensor("right.grad." + weight_name);
        INFO(name << " " << weight_name << (recomputes ? ", recomputed" : ""));
        CHECK(test::largest_difference(weight.grad(), want) < 2e-5 * want.abs().max().item<double>());
        ++compared;
      }
      CHECK(compared >= 5);
    }
  }
}

TEST_CASE("Greedy ids are Hugging Face's, with and without an end-of-sequence id", "[model]") {
  for (const auto& name : models) {
    const Golden g(name);
    const auto rows = unpadded_rows(g.file, "left", "labels");
    std::vector<Ids> prompts;
    for (const auto& row : rows) prompts.push_back(row.ids);
    for (const std::string run : {"greedy", "greedy_eos"}) {
      DecodeOptions options;
      DecodeControl control;
      options.max_new_tokens = 16;
      if (run == "greedy_eos") control.stop_ids = {g.file.tensor("greedy_eos.eos_token_id").item<int64_t>()};
      const at::Tensor want = g.file.tensor(run + ".new_ids");
      decode(g.model, prompts, options, control, [&](size_t row, const std::vector<Completion>& completions) {
        const Ids& made = completions.at(0).ids;
        for (size_t i = 0; i < made.size(); ++i)
          CHECK(made[i] == want[static_cast<int64_t>(row)][static_cast<int64_t>(i)].item<int64_t>());
        if (made.size() < 16) CHECK(made.back() == control.stop_ids.at(0));
      });
    }
  }
}

TEST_CASE("Beam search gives Hugging Face's ids and scores, with and without an end-of-sequence id", "[model]") {
  for (const auto& name : with_older_config) {
    const Golden g(name);
    std::vector<Ids> prompts;
    for (const auto& row : unpadded_rows(g.file, "left", "labels")) prompts.push_back(row.ids);
    for (const std::string run : {"beam4", "beam4_eos"}) {
      DecodeOptions options;
      DecodeControl control;
      options.max_new_tokens = 16;
      options.beams = options.best = 4;
      if (run == "beam4_eos") control.stop_ids = {g.file.tensor("beam4_eos.eos_token_id").item<int64_t>()};
      const at::Tensor want = g.file.tensor(run + ".new_ids"), scores = g.file.tensor(run + ".scores");
      decode(g.model, prompts, options, control, [&](size_t row, const std::vector<Completion>& completions) {
        REQUIRE(completions.size() == 4);
        const auto r = static_cast<int64_t>(row);
        for (int64_t b = 0; b < 4; ++b) {
          const auto& [ids, score] = completions[static_cast<size_t>(b)];
          INFO(name << " " << run << " row " << row << " beam " << b);
          CHECK(score == Approx(scores[r][b].item<double>()).epsilon(1e-5));
          for (size_t i = 0; i < ids.size(); ++i) CHECK(ids[i] == want[r][b][static_cast<int64_t>(i)].item<int64_t>());
          if (ids.size() < 16) CHECK(ids.back() == control.stop_ids.at(0));
        }
      });
    }
  }
}

TEST_CASE("The older config.json spelling describes the same model", "[model]") {
  for (const auto& name : with_older_config) {
    const test::TempFolder folder;
    fs::copy(golden() / "model" / name / "config_v4.json", folder / "config.json");
    const ModelSpec older = read_model_spec(folder.path()), newer = read_model_spec(golden() / "model" / name);
    INFO(name);
    CHECK(older.to_json() == newer.to_json());
    CHECK(rope_frequencies(older.rope, older.head_dim) == rope_frequencies(newer.rope, newer.head_dim));
  }
}

TEST_CASE("A real checkpoint tells its story", "[model]") {
  const auto folder = test::shared("models/stories260K");
  if (!folder) return;
  const Transformer model = load_model(*folder, read_model_spec(*folder), {});
  const auto tokenizer = load_tokenizer(*folder);
  DecodeOptions options;
  options.max_new_tokens = 40;
  decode(model, {{1}}, options, {}, [&](size_t, const std::vector<Completion>& made) {
    CHECK(tokenizer->decode(made.at(0).ids)
              .starts_with("Once upon a time, there was a little girl named Lily. She loved to play outside in the park."));
  });
}

}  // namespace
}  // namespace hyplora

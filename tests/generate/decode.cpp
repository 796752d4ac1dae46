// Completing prompts: batches, sampling, the cache, refusals.
#include "generate/decode.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "data/rows.h"
#include "model/load.h"
#include "support/support.h"

namespace hyplora {
namespace {

std::map<size_t, Ids> decoded(const Transformer& model, const std::vector<Ids>& prompts, int64_t batch, int64_t beams = 1) {
  std::map<size_t, Ids> made;
  DecodeOptions options;
  options.max_new_tokens = 24;
  options.batch_size = batch;
  options.beams = beams;
  DecodeControl control;
  control.stop_ids = {2};
  decode(model, prompts, options, control, [&](size_t i, const std::vector<Completion>& best) { made[i] = best.front().ids; });
  return made;
}

TEST_CASE("Batch 1 and batch N complete every prompt the same", "[generate]") {
  const Transformer model = test::small_model(5);
  std::vector<Ids> prompts;
  for (int64_t i = 0; i < 25; ++i) prompts.push_back(Ids(static_cast<size_t>(1 + i * 7 % 11), 3 + i));
  const auto one = decoded(model, prompts, 1);
  CHECK(one.size() == prompts.size());
  CHECK(decoded(model, prompts, 4) == one);
  CHECK(decoded(model, prompts, 100) == one);
  const auto beams = decoded(model, prompts, 1, 3);
  CHECK(decoded(model, prompts, 4, 3) == beams);
  CHECK(beams != one);
}

TEST_CASE("A hundred real prompts get the same text alone and in batches", "[generate]") {
  const auto folder = test::shared("models/stories260K"), file = test::shared("data/eval/AddSub.json");
  if (!folder || !file) return;
  const Transformer model = load_model(*folder, read_model_spec(*folder), {});
  const auto tokenizer = load_tokenizer(*folder);
  std::vector<Ids> prompts;
  for (const Row& row : read_rows({file->string()})) {
    if (prompts.size() < 100) prompts.push_back(tokenizer->encode(row.instruction));
  }
  for (const int64_t beams : {1, 4}) {
    const auto one = decoded(model, prompts, 1, beams);
    CHECK(one.size() == 100);
    CHECK(decoded(model, prompts, 8, beams) == one);
    CHECK(decoded(model, prompts, 100, beams) == one);
  }
}

TEST_CASE("Sampling depends on the seed and the prompt's number, not on the batch", "[generate]") {
  const Transformer model = test::small_model(5);
  const std::vector<Ids> prompts(12, Ids{5, 9});
  const auto sampled = [&](uint64_t seed, int64_t batch, double top_p, int64_t top_k) {
    std::map<size_t, Ids> made;
    DecodeOptions options;
    options.max_new_tokens = 12;
    options.temperature = 1.5;
    options.seed = seed;
    options.batch_size = batch;
    options.top_p = top_p;
    options.top_k = top_k;
    decode(model, prompts, options, {}, [&](size_t i, const std::vector<Completion>& best) { made[i] = best.front().ids; });
    return made;
  };
  const auto first = sampled(1, 1, 1, 0);
  CHECK(sampled(1, 5, 1, 0) == first);
  CHECK(sampled(2, 5, 1, 0) != first);
  CHECK(first.at(0) != first.at(1));
  // With one token left to choose from, sampling is greedy.
  const auto greedy = decoded(model, {prompts[0]}, 1).at(0);
  const Ids start(greedy.begin(), greedy.begin() + std::min<std::ptrdiff_t>(12, static_cast<std::ptrdiff_t>(greedy.size())));
  for (const auto& [i, ids] : sampled(3, 4, 1, 1))
    CHECK(Ids(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), start.size()))) == start);
  for (const auto& [i, ids] : sampled(3, 4, 1e-6, 0)) CHECK(ids == sampled(4, 4, 1e-6, 0).at(i));
}

TEST_CASE("Decoding options outside their range are refused by name", "[generate]") {
  const auto refusal = [](auto change) {
    DecodeOptions options;
    change(options);
    return test::input_error([&] { check(options); });
  };
  CHECK_THAT(refusal([](auto& o) { o.beams = 0; }), test::Contains("beams: found 0"));
  CHECK_THAT(refusal([](auto& o) { o.top_p = 1.5; }), test::Contains("top_p: found 1.5"));
  CHECK_THAT(refusal([](auto& o) { o.temperature = -1; }), test::Contains("temperature: found -1"));
  CHECK_THAT(refusal([](auto& o) { o.beams = 2, o.temperature = 1; }), test::Contains("0 with several beams"));
  CHECK_THAT(refusal([](auto& o) { o.best = 2; }), test::Contains("best: found 2"));
}

TEST_CASE("The cache gives what a whole forward pass gives", "[generate]") {
  const Transformer model = test::small_model(5);
  const Ids prompt{5, 9, 12};
  Ids all = prompt;
  const Ids made = decoded(model, {prompt}, 1)[0];
  for (const int64_t id : made) {
    const at::NoGradGuard no_grad;
    const TokenBatch batch{at::tensor(all, at::kLong), {static_cast<int64_t>(all.size())}, {}};
    const at::Tensor last = model.blocks(batch).narrow(0, static_cast<int64_t>(all.size()) - 1, 1);
    CHECK(model.logits(model.final_norm(last)).argmax().item<int64_t>() == id);
    all.push_back(id);
  }
}

TEST_CASE("A prompt that cannot be completed is refused", "[generate]") {
  const Transformer model = test::small_model(5);
  CHECK(test::input_error([&] { decoded(model, {{5}, {}}, 1); }) == "prompt 2: it has no tokens.");
  CHECK_THAT(test::input_error([&] { decoded(model, {{64}}, 1); }), test::Contains("expected 0 to 63"));
  CHECK_THAT(test::input_error([&] { decoded(model, {Ids(128, 5)}, 1); }), test::Contains("context is 128"));
}

TEST_CASE("Alternatives get the log-probabilities that whole forward passes give", "[generate]") {
  const Transformer model = test::small_model(5);
  const std::vector<Ids> prompts{{5, 9, 12}, {7}, {30, 31, 32, 33}};
  const std::vector<std::vector<Ids>> alternatives{
      {{4, 8, 15}, {4, 8, 16, 23}, {42}}, {{3, 3}, {3, 3, 3}}, {{1}, {2}, {1, 2}, {1, 2}}};
  for (const int64_t batch : {1, 8}) {
    DecodeOptions options;
    options.batch_size = batch;
    DecodeControl control;
    control.alternatives = &alternatives;
    size_t prompts_done = 0;
    decode(model, prompts, options, control, [&](size_t prompt, const std::vector<Completion>& scored) {
      ++prompts_done;
      REQUIRE(scored.size() == alternatives[prompt].size());
      for (size_t i = 0; i < scored.size(); ++i) {
        Ids whole = prompts[prompt];
        whole.insert(whole.end(), alternatives[prompt][i].begin(), alternatives[prompt][i].end());
        CHECK(scored[i].ids == alternatives[prompt][i]);
        CHECK(scored[i].score == Approx(test::log_likelihood(model, whole, prompts[prompt].size())).epsilon(1e-5));
      }
    });
    CHECK(prompts_done == prompts.size());
  }
}

TEST_CASE("Skipped prompts are not completed, and an interruption leaves the rest undone", "[generate]") {
  const Transformer model = test::small_model(5);
  const std::vector<Ids> prompts(6, Ids{5, 9});
  DecodeOptions options;
  options.max_new_tokens = 4;
  options.temperature = 1;
  options.batch_size = 2;
  std::map<size_t, Ids> all, some;
  DecodeControl control;
  decode(model, prompts, options, control, [&](size_t i, const std::vector<Completion>& best) { all[i] = best[0].ids; });
  control.skipped = {0, 1, 4};
  decode(model, prompts, options, control, [&](size_t i, const std::vector<Completion>& best) { some[i] = best[0].ids; });
  CHECK(some == std::map<size_t, Ids>{{2, all[2]}, {3, all[3]}, {5, all[5]}});  // what is drawn depends on the prompt's number
  int passes = 0, done = 0;
  control.skipped.clear();
  control.interrupted = [&] { return ++passes > 4; };
  decode(model, prompts, options, control, [&](size_t, const std::vector<Completion>&) { ++done; });
  CHECK(done == 2);
}

TEST_CASE("A completion ends where the caller says so", "[generate]") {
  const Transformer model = test::small_model(5);
  DecodeOptions options;
  options.max_new_tokens = 20;
  DecodeControl control;
  control.ends_here = [](size_t prompt, const Ids& made) { return made.size() == prompt + 3; };
  decode(model, {{5}, {6}}, options, control,
         [](size_t i, const std::vector<Completion>& best) { CHECK(best[0].ids.size() == i + 3); });
}

}  // namespace
}  // namespace hyplora

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "eval/answers.h"
#include "eval/evaluate.h"
#include "model/load.h"
#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("The answer is the last number, commas removed", "[eval]") {
  CHECK(last_number("3 + 4 = 7. The answer is 7.") == 7);
  CHECK(last_number("1,234,567 apples") == 1234567);
  CHECK(last_number("it fell to -12.50 degrees") == -12.5);
  CHECK(last_number("5-3") == -3);  // as the paper's expression reads it
  CHECK(last_number("$29.00") == 29);
  CHECK(last_number("v1.2.3") == 3);
  CHECK(last_number("--7") == -7);
  CHECK_FALSE(last_number("no number - here.").has_value());
  CHECK_FALSE(last_number("").has_value());
  CHECK(same_number(9.8, 9.801));
  CHECK_FALSE(same_number(9.8, 9.802));
}

TEST_CASE("A benchmark is known by its file's name in any case", "[eval]") {
  CHECK(std::string(task_of_file("x/AddSub.json").name) == "addsub");
  CHECK(std::string(find_task("loss").name) == "loss");
  CHECK(test::input_error([] { task_of_file("x/rows.json"); }).find("say which with --benchmark") != std::string::npos);
  CHECK(test::input_error([] { find_task("nothing"); }).find("expected one of gsm8k") != std::string::npos);
  CHECK(std::string(task_of_file("x/ARC-Challenge.json").name) == "arc_challenge");
}

TEST_CASE("A row without a readable gold answer is an error with its number, not a miss", "[eval]") {
  Row row;
  row.where = "f.json: row 7";
  row.answer = "none";
  CHECK(test::input_error([&] { check_gold(find_task("gsm8k"), row); }) ==
        "f.json: row 7: key \"answer\": found \"none\", expected a number to score against.");
}

std::map<size_t, Ids> decoded(const Transformer& model, const std::vector<Ids>& prompts, int64_t batch, int64_t beams = 1) {
  std::map<size_t, Ids> made;
  DecodeOptions options;
  options.max_new_tokens = 24;
  options.batch_size = batch;
  options.stop_ids = {2};
  options.beams = beams;
  decode(model, prompts, options, [&](size_t i, const std::vector<Completion>& best) { made[i] = best.front().ids; });
  return made;
}

TEST_CASE("Batch 1 and batch N complete every prompt the same", "[eval]") {
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

TEST_CASE("A hundred real prompts get the same text alone and in batches", "[eval]") {
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

TEST_CASE("Sampling depends on the seed and the prompt's number, not on the batch", "[eval]") {
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
    decode(model, prompts, options, [&](size_t i, const std::vector<Completion>& best) { made[i] = best.front().ids; });
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

TEST_CASE("Decoding options outside their range are refused by name", "[eval]") {
  const auto refusal = [](auto change) {
    DecodeOptions options;
    change(options);
    return test::input_error([&] { check_decode_options(options); });
  };
  CHECK(refusal([](auto& o) { o.beams = 0; }).find("beams: found 0") != std::string::npos);
  CHECK(refusal([](auto& o) { o.top_p = 1.5; }).find("top_p: found 1.5") != std::string::npos);
  CHECK(refusal([](auto& o) { o.temperature = -1; }).find("temperature: found -1") != std::string::npos);
  CHECK(refusal([](auto& o) { o.beams = 2, o.temperature = 1; }).find("0 with several beams") != std::string::npos);
  CHECK(refusal([](auto& o) { o.best = 2; }).find("best: found 2") != std::string::npos);
}

TEST_CASE("The cache gives what a whole forward pass gives", "[eval]") {
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

TEST_CASE("A prompt that cannot be completed is refused", "[eval]") {
  const Transformer model = test::small_model(5);
  CHECK(test::input_error([&] { decoded(model, {{5}, {}}, 1); }) == "prompt 2: it has no tokens.");
  CHECK(test::input_error([&] { decoded(model, {{64}}, 1); }).find("expected 0 to 63") != std::string::npos);
  CHECK(test::input_error([&] { decoded(model, {Ids(128, 5)}, 1); }).find("context is 128") != std::string::npos);
}

TEST_CASE("The loss of rows is the mean over their supervised tokens", "[eval]") {
  const Transformer model = test::small_model(5);
  std::vector<Row> rows(3);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].input_ids = Ids(4 + i, static_cast<int64_t>(7 + i));
    rows[i].labels = rows[i].input_ids;
  }
  EvaluateOptions options;
  options.decode.batch_size = 2;
  const PreparedTask prepared = prepare(find_task("loss"), rows, nullptr, model.spec(), options);
  const TaskResult together = evaluate(model, nullptr, prepared, options, [](int64_t, int64_t) {});
  options.decode.batch_size = 1;
  const TaskResult apart = evaluate(model, nullptr, prepared, options, [](int64_t, int64_t) {});
  CHECK(together.tokens == 3 + 4 + 5);
  CHECK(*together.loss == Approx(*apart.loss).epsilon(1e-6));
}

}  // namespace
}  // namespace hyplora

// What is told of a run before it begins: its rows as they are learnt, and numbers that it does not reach.
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::Contains;
using test::TrainingFolder;

std::vector<std::string> advice(const TrainingFolder& place, const std::vector<std::string>& assignments) {
  const TrainingSetup setup = prepare_training(place.options("out", assignments), at::kCPU);
  return plan_advice(setup.options, plan_training(setup, Batches(setup.training.examples, setup.options)));
}

TEST_CASE("Each number that a run does not reach is told once, beside the one that it does", "[train]") {
  const TrainingFolder place;
  CHECK(advice(place, {}).empty());
  const auto only = [&](const std::vector<std::string>& assignments) {
    const auto said = advice(place, assignments);
    REQUIRE(said.size() == 1);
    return said[0];
  };
  CHECK_THAT(only({"eval_step=17"}), Contains("eval_step 17 is more than the run's 16 steps"));
  CHECK_THAT(only({"save_step=17"}), Contains("save_step 17 is more than the run's 16 steps"));
  CHECK_THAT(only({"warmup_ratio=0.1"}), Contains("warmup_ratio 0.1 is not used beside warmup_steps 2"));
  CHECK_THAT(only({"warmup_steps=16"}), Contains("the warm-up of 16 steps is as long as the run (16 steps)"));
  CHECK_THAT(only({"batch_size=64", "max_steps=16"}), Contains("batch_size 64 is more than the 32 rows there are"));
  CHECK(advice(place, {"warmup_steps=0", "warmup_ratio=0.1"}).empty());
  CHECK(advice(place, {"eval_step=200", "save_step=200"}).empty());                  // the defaults
  CHECK(advice(place, {"eval_step=17", "val_set_size=0", "max_steps=16"}).empty());  // there is nothing to validate on
}

/// Letters are their own tokens; 1 and 2 are special.
class Letters : public Tokenizer {
 public:
  Ids encode(std::string_view, bool, const std::vector<TextRange>&) const override { return {}; }
  std::string decode(const Ids& ids, bool keep_special) const override {
    std::string text;
    for (const int64_t id : ids) {
      if (id == 1 || id == 2) text += keep_special ? (id == 1 ? "<s>" : "</s>") : "";
      if (id >= 'a' && id <= 'z') text += static_cast<char>(id);
    }
    return text;
  }
  int64_t size() const override { return 'z' + 1; }
  std::optional<int64_t> bos() const override { return 1; }
  std::optional<int64_t> eos() const override { return 2; }
  fs::path file() const override { return ""; }
};

TEST_CASE("A row is shown whole, with its special tokens, ids beyond the vocabulary, and what carries no loss", "[train]") {
  Example example;
  example.ids = {1, 'a', 'b', 'c', 'd', 500, 2};
  example.labels = {no_loss, no_loss, no_loss, 'c', 'd', 500, 2};
  CHECK(preview(example, nullptr) == "[no loss: 1 97 98] 99 100 500 2");
  const Letters letters;
  CHECK(preview(example, &letters) == "[no loss: «<s>»ab]cd«500»«</s>»");
  example.labels = example.ids;
  CHECK(preview(example, &letters) == "«<s>»abcd«500»«</s>»");
}

}  // namespace
}  // namespace hyplora

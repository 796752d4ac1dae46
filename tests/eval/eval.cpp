// Benchmarks by name, gold answers, the loss of rows.
#include "eval/answers.h"
#include "eval/evaluate.h"
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
  CHECK_THAT(test::input_error([] { task_of_file("x/rows.json"); }), test::Contains("say which with --benchmark"));
  CHECK_THAT(test::input_error([] { find_task("nothing"); }), test::Contains("expected one of gsm8k"));
  CHECK(std::string(task_of_file("x/ARC-Challenge.json").name) == "arc_challenge");
}

TEST_CASE("A row without a readable gold answer is an error with its number, not a miss", "[eval]") {
  Row row;
  row.where = "f.json: row 7";
  row.answer = "none";
  CHECK(test::input_error([&] { check_gold(find_task("gsm8k"), row); }) ==
        "f.json: row 7: key \"answer\": found \"none\", expected a number to score against.");
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

TEST_CASE("Records of a progress file that are of other rows or of another kind are done again", "[eval]") {
  const Transformer model = test::small_model(5);
  std::vector<Row> rows(3);
  for (Row& row : rows) row.input_ids = row.labels = Ids{7, 8, 9};
  EvaluateOptions options;
  options.decode.batch_size = 1;
  const PreparedTask prepared = prepare(find_task("loss"), rows, nullptr, model.spec(), options);
  const test::TempFolder folder;
  const auto computed = [&](const Records& earlier) {
    ProgressFile file(folder / "p.jsonl", Json::object(), earlier);
    return evaluate(
               model, nullptr, prepared, options, [](int64_t, int64_t) {}, &file)
        .computed;
  };
  CHECK(computed({{0, LossRecord{{0}, 1.5, 2}}, {1, LossRecord{{1}, 1.5, 2}}}) == 1);
  CHECK(
      computed({{0, LossRecord{{0, 7}, 1.5, 2}}, {1, LossRecord{{2}, 1.5, 2}}, {2, RowRecord()}, {9, LossRecord{{9}, 1, 2}}}) ==
      3);
}

}  // namespace
}  // namespace hyplora

// Every number of every program has bounds: what is beyond them is one sentence, what is inside does not overflow.
#include "adapter/kinds.h"
#include "eval/options.h"
#include "support/support.h"
#include "train/setup.h"

namespace hyplora {
namespace {

const Json extremes[] = {-1, 0, 2147483648LL, 4611686018427387904LL, INT64_MAX, -INT64_MAX, 1e308, -1e308, 1e-320};

bool is_number(const Field& field) {
  return field.type.find("integer") != std::string::npos || field.type.find("number") != std::string::npos;
}

Json as_value_of(const Field& field, const Json& number) {
  if (field.type.starts_with("object")) return {{"q_proj", number}};
  return field.is_list() ? Json::array({number}) : number;
}

void check_extremes(Fields fields) {
  for (const Field& field : fields.all()) {
    if (!is_number(field)) continue;
    const Json before = field.get();
    for (const Json& number : extremes) {
      const Json value = as_value_of(field, number);
      INFO(field.name << " = " << value);
      try {
        fields.read_object({{field.name, value}}, "c.json");
        CHECK_FALSE((field.type.starts_with("integer") && field.name != "seed" && number.is_number_integer() &&
                     std::abs(number.get<double>()) > 1e18));
      } catch (const InputError& error) {
        CHECK_THAT(error.what(), test::Contains("c.json: key \"" + field.name + "\": found "));
      }
      REQUIRE(field.set(before));
    }
  }
}

TEST_CASE("Numbers far outside what a field can be are refused by name, in training, evaluation and adapters", "[train]") {
  TrainOptions training;
  check_extremes(train_fields(training));
  EvalOptions evaluation;
  check_extremes(eval_fields(evaluation));
}

TEST_CASE("The steps of the longest run that may be asked for are counted right", "[train]") {
  std::vector<Example> examples(3);
  for (auto& example : examples) example.ids = example.labels = {1, 2};
  TrainOptions options;
  options.batch_size = options.micro_batch_size = 1;
  options.num_epochs = 1'000'000;
  CHECK(total_steps(options, Batches(examples, options)) == 3'000'000);
  options.batch_size = 1'000'000'000;
  CHECK(total_steps(options, Batches(examples, options)) == 1'000'000);
}

}  // namespace
}  // namespace hyplora

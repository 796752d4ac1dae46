#include "data/row_survey.h"

#include "support/support.h"

namespace hyplora {
namespace {

std::vector<Row> rows_of(const std::string& content) {
  const test::TempFolder folder;
  write_file(folder / "r.jsonl", content);
  return read_rows({(folder / "r.jsonl").string()});
}

TEST_CASE("Rows are counted by schema, and those with an empty output", "[data]") {
  const RowSurvey survey = survey_to_train(rows_of(
      "{\"instruction\": \"i\", \"output\": \"o\"}\n{\"instruction\": \"i\", \"output\": \" \"}\n{\"prompt\": \"p\", \"completion\": "
      "\"c\"}\n"));
  CHECK(survey.schemas == std::map<std::string, int64_t>{{"alpaca", 2}, {"prompt-completion", 1}});
  CHECK(survey.empty_outputs == 1);
  CHECK(survey.first_empty.ends_with("row 2"));
}

TEST_CASE("Rows without an answer are no rows to train on", "[data]") {
  const auto refusal = [](const char* content) { return test::input_error([&] { survey_to_train(rows_of(content)); }); };
  CHECK_THAT(refusal(R"({"problem": "p", "answer": "5"})"), test::Contains("row 1: its answer is missing or null"));
  CHECK_THAT(refusal(R"({"problem": "p", "solution": null})"), test::Contains("row 1: its answer is missing or null"));
  CHECK_THAT(refusal(R"({"instruction": "i", "output": ""})"),
             test::Contains("row 1: its output is empty, as are those of all 1"));
}

}  // namespace
}  // namespace hyplora

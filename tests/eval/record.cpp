// Records of scored rows, and going on with a run that was stopped.
#include "eval/record.h"

#include "eval/progress_file.h"
#include "support/support.h"

namespace hyplora {
namespace {

RowRecord asked(const std::string& answer) {
  RowRecord record;
  record.instruction = "1 + 1?";
  record.input = "i";
  record.answer = answer;
  record.prompt = "p: 1 + 1?";
  record.tokens = 3;
  return record;
}

Record completed(bool right) {
  RowRecord record = asked("2");
  record.output_pred = "It is 2 or 3.";
  record.judgement = {"3", right};
  record.strict = {"", false};
  return record;
}

Record chosen() {
  RowRecord record = asked("A");
  record.output_pred = "The answer is (B)";
  record.judgement = {"B", false};
  record.truncated = true;
  record.normalised = {"A", true};
  record.log_likelihood = {{"A", -2.25, -0.5}, {"B", -1.0 / 3, -INFINITY}};
  return record;
}

const char* const completed_text =
    R"_({"instruction":"1 + 1?","input":"i","answer":"2","prompt":"p: 1 + 1?","output_pred":"It is 2 or 3.","pred":"3",)_"
    R"_("flag":true,"pred_strict":null,"flag_strict":false,"tokens":3})_";
const char* const chosen_text =
    R"_({"instruction":"1 + 1?","input":"i","answer":"A","prompt":"p: 1 + 1?","output_pred":"The answer is (B)","pred":"B",)_"
    R"_("flag":false,"truncated":true,"pred_normalised":"A","flag_normalised":true,"log_likelihood":{"A":{"sum":-2.25,)_"
    R"_("per_token":-0.5},"B":{"sum":-0.3333333333333333,"per_token":null}},"tokens":3})_";
const char* const measured_text = R"_({"rows":[2,5,9],"loss":1.5,"tokens":12})_";

TEST_CASE("Records are spelled with these keys in this order, and read back", "[eval]") {
  CHECK(to_json(completed(true)).dump() == completed_text);
  CHECK(to_json(chosen()).dump() == chosen_text);
  CHECK(to_json(LossRecord{{2, 5, 9}, 1.5, 12}).dump() == measured_text);
  CHECK(to_json(LossRecord{{2}, NAN, 12}).dump() == R"({"rows":[2],"loss":null,"tokens":12})");
  for (const std::string text : {completed_text, chosen_text, measured_text}) {
    const auto record = record_from(Json::parse(text));
    REQUIRE(record);
    CHECK(to_json(*record).dump() == text);
  }
  CHECK(is_right(*record_from(Json::parse(completed_text))));
  CHECK_FALSE(is_right(*record_from(Json::parse(chosen_text))));
  CHECK(tokens_of(*record_from(Json::parse(measured_text))) == 12);
}

TEST_CASE("What lacks a key of a record, or has one of another type, is none", "[eval]") {
  for (const std::string text : {completed_text, chosen_text, measured_text}) {
    const Json whole = Json::parse(text);
    for (const auto& [key, value] : whole.items()) {
      INFO(key << " of " << text);
      Json changed = whole;
      changed[key] = Json::array({Json::object()});
      CHECK_FALSE(record_from(changed));
      changed.erase(key);
      if (key != "truncated") CHECK_FALSE(record_from(changed));
    }
  }
  for (const Json& other : {Json(), Json(3), Json("rows"), Json::array(), Json::object(), Json{{"flag", true}}})
    CHECK_FALSE(record_from(other));
}

TEST_CASE("A progress file keeps whole lines, and knows its run", "[eval]") {
  const test::TempFolder folder;
  const fs::path path = folder / "p.jsonl";
  const Json run{{"model", "m"}};
  {
    ProgressFile file(path, run, {});
    CHECK(file.done().empty());
    file.add(3, completed(true));
    file.add(1, completed(false));
  }
  write_file(path, read_file(path) + "{\"row\": 7, \"rec");  // killed while writing
  CHECK(ProgressFile::read(path, run).size() == 2);
  ProgressFile again(path, run, ProgressFile::read(path, run));
  again.add(7, chosen());
  CHECK(ProgressFile::read(path, run).size() == 3);
  const auto refusal = [&](const Json& other) { return test::input_error([&] { ProgressFile::read(path, other); }); };
  CHECK_THAT(refusal({{"model", "n"}}), test::Contains("model was \"m\", now it is \"n\""));
  CHECK_THAT(refusal({{"model", "m"}, {"seed", 1}}), test::Contains("seed was null, now it is 1"));
  CHECK(ProgressFile::read(folder / "none.jsonl", run).empty());
  CHECK(ProgressFile(path, run, {}).done().empty());
  CHECK(ProgressFile::read(path, run).empty());
}

TEST_CASE("Lines of a progress file that hold no record are left out", "[eval]") {
  const test::TempFolder folder;
  const fs::path path = folder / "p.jsonl";
  const Json run{{"model", "m"}};
  ProgressFile file(path, run, {{3, completed(true)}});
  const std::string record = to_json(completed(true)).dump();
  for (const std::string& line : {std::string(R"({"row": 8, "record": 3})"), std::string(R"({"row": 8})"), std::string("[]"),
                                  std::string("3"), std::string(R"({"row": 8, "record": {"flag": true}})"),
                                  R"({"row": -1, "record": )" + record + "}", R"({"row": "8", "record": )" + record + "}"}) {
    INFO(line);
    write_file(path, read_file(path) + line + "\n");
    CHECK(ProgressFile::read(path, run).size() == 1);
  }
}

TEST_CASE("The record of several rows counts for all of them", "[eval]") {
  CHECK(rows_of({{2, LossRecord{{2, 5, 9}, 1.5, 12}}, {4, completed(true)}}) == std::set<size_t>{2, 4, 5, 9});
}

}  // namespace
}  // namespace hyplora

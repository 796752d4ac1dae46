// Comparing two runs, and going on with one that was stopped.
#include "eval/compare.h"

#include "eval/evaluate.h"
#include "support/support.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

/// Records with these verdicts.
Json records(const std::string& flags) {
  Json all = Json::array();
  for (size_t i = 0; i < flags.size(); ++i)
    all.push_back({{"instruction", std::to_string(i)}, {"input", ""}, {"flag", flags[i] == '1'}});
  return all;
}

TEST_CASE("McNemar's exact p is the two-sided binomial tail", "[eval]") {
  CHECK(mcnemar_p(0, 0) == Approx(1));
  CHECK(mcnemar_p(0, 5) == Approx(2.0 / 32));
  CHECK(mcnemar_p(5, 0) == Approx(2.0 / 32));
  CHECK(mcnemar_p(1, 9) == Approx(2.0 * 11 / 1024));
  CHECK(mcnemar_p(3, 3) == Approx(1));
  CHECK(mcnemar_p(200, 300) == Approx(9.0e-6).epsilon(0.2));
}

TEST_CASE("A comparison counts what changed and puts the difference inside its interval", "[eval]") {
  const Comparison c = compare(records("1100110011"), records("1110111011"));
  CHECK(c.n == 10);
  CHECK(c.right_a == 6);
  CHECK(c.right_b == 8);
  CHECK(c.only_b == 2);
  CHECK(c.only_a == 0);
  CHECK(c.changed == std::vector<size_t>{2, 6});
  CHECK(c.difference() == Approx(0.2));
  CHECK(c.low <= 0.2);
  CHECK(c.high >= 0.2);
  CHECK(c.low >= 0);
  const Comparison same = compare(records("10"), records("10"));
  CHECK(same.p == 1);
  CHECK(same.low == 0);
  CHECK(same.high == 0);
}

TEST_CASE("Runs over other rows are not compared", "[eval]") {
  CHECK(test::input_error([] { compare(records("10"), records("101")); }).find("found 2 and 3 records") != std::string::npos);
  Json other = records("10");
  other[1]["instruction"] = "another";
  CHECK(test::input_error([&] { compare(records("10"), other); }).find("record 2 is about another row") != std::string::npos);
  CHECK(test::input_error([] { compare(Json::array({1}), Json::array({1})); }).find("record 1") != std::string::npos);
}

TEST_CASE("A progress file keeps whole lines, and knows its run", "[eval]") {
  const test::TempFolder folder;
  const fs::path path = folder / "p.jsonl";
  const Json run{{"model", "m"}};
  {
    ProgressFile file(path, run, {});
    CHECK(file.done().empty());
    file.add(3, {{"flag", true}});
    file.add(1, {{"flag", false}});
  }
  write_file(path, read_file(path) + "{\"row\": 7, \"rec");  // killed while writing
  CHECK(ProgressFile::read(path, run).size() == 2);
  ProgressFile again(path, run, ProgressFile::read(path, run));
  again.add(7, {{"flag", true}});
  CHECK(ProgressFile::read(path, run).size() == 3);
  const auto refusal = [&](const Json& other) { return test::input_error([&] { ProgressFile::read(path, other); }); };
  CHECK(refusal({{"model", "n"}}).find("model was \"m\", now it is \"n\"") != std::string::npos);
  CHECK(refusal({{"model", "m"}, {"seed", 1}}).find("seed was null, now it is 1") != std::string::npos);
  CHECK(ProgressFile::read(folder / "none.jsonl", run).empty());
  write_file(path, read_file(path) + "{\"row\": 8, \"record\": 3}\n{\"row\": -1, \"record\": {}}\n");
  CHECK(ProgressFile::read(path, run).size() == 3);
  CHECK(ProgressFile(path, run, {}).done().empty());
  CHECK(ProgressFile::read(path, run).empty());
}

TEST_CASE("The record of several rows counts for all of them", "[eval]") {
  CHECK(rows_of({{2, {{"rows", {2, 5, 9}}, {"loss", 1.5}}}, {4, {{"flag", true}}}}) == std::set<size_t>{2, 4, 5, 9});
}

}  // namespace
}  // namespace hyplora

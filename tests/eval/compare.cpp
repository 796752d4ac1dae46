// Comparing two runs.
#include "eval/compare.h"

#include "core/fields.h"
#include "support/support.h"

namespace hyplora {
namespace {

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

TEST_CASE("Records of other programs are compared too, whatever else they hold", "[eval]") {
  const Json a = Json::parse(R"([{"instruction": "1+1?", "answer": 2, "pred": 2.0, "flag": true, "output": []}])");
  const Json b = Json::parse(R"([{"instruction": "1+1?", "pred": null, "flag": false}])");
  CHECK(compare(a, b).only_a == 1);
}

TEST_CASE("Runs over other rows are not compared", "[eval]") {
  CHECK_THAT(test::input_error([] { compare(records("10"), records("101")); }), test::Contains("found 2 and 3 records"));
  Json other = records("10");
  other[1]["instruction"] = "another";
  CHECK_THAT(test::input_error([&] { compare(records("10"), other); }), test::Contains("record 2 is about another row"));
  CHECK_THAT(test::input_error([] { compare(Json::array({1}), Json::array({1})); }), test::Contains("record 1"));
  CHECK_THAT(test::input_error([] { compare({{{"flag", 1}}}, {{{"flag", true}}}); }), test::Contains("record 1"));
}

}  // namespace
}  // namespace hyplora

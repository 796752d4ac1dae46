#include "data/separated.h"

#include "data/rows.h"
#include "support/support.h"

namespace hyplora {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records records_of(std::string_view text, char separator = ',') {
  const std::string file = "f.csv";
  SeparatedText reader(text, separator, file);
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

std::vector<Row> rows_of(const std::string& content, const std::string& name = "r.csv", const RowReading& how = {}) {
  const test::TempFolder folder;
  write_file(folder / name, content);
  return read_rows({(folder / name).string()}, how);
}

TEST_CASE("Fields in quotes hold separators, line ends and quotes", "[data]") {
  CHECK(records_of("a,b\r\n\"1,2\",\"x\ny\"\n\n\"say \"\"hi\"\"\",\n") ==
        Records{{"a", "b"}, {"1,2", "x\ny"}, {"say \"hi\"", ""}});
  CHECK(records_of("a\tb\rc\td", '\t') == Records{{"a", "b"}, {"c", "d"}});
  CHECK(records_of("5\" pipe,b") == Records{{"5\" pipe", "b"}});
  CHECK(records_of("a,") == Records{{"a", ""}});
  CHECK(records_of("\n\n").empty());
  CHECK(test::input_error([] { records_of("a\n\"b\nc"); }) == "f.csv: line 2: found a quote that is not closed.");
  CHECK_THAT(test::input_error([] { records_of("\"b\nc\"d"); }), test::Contains("line 2: found text behind a closing quote"));
}

TEST_CASE("CSV and TSV files are rows whose header names the keys", "[data]") {
  const auto rows = rows_of("\xEF\xBB\xBFinstruction, input,output\n\"Add, please\",2+3,5\nj,,\"o\np\"\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].instruction == "Add, please");
  CHECK(rows[0].input == "2+3");
  CHECK(rows[1].output == "o\np");
  CHECK(rows_of("question\tanswer\nq\ta, b\n", "r.tsv").at(0).output == "a, b");
  CHECK(
      rows_of(
          "messages\n\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"Q\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":"
          "\"\"A\"\"}]\"\n")
          .at(0)
          .output == "A");
}

TEST_CASE("Tables that do not keep to their header are refused by row", "[data]") {
  const auto refusal = [](const std::string& content) { return test::input_error([&] { rows_of(content); }); };
  CHECK_THAT(refusal("instruction,output\na,b\nc\n"), test::Contains("row 2 (line 3): found 1 fields, expected 2"));
  CHECK_THAT(refusal("instruction;output\na;b\n"), test::Contains("found one column, \"instruction;output\""));
  CHECK_THAT(refusal("output,output\na,b\n"), test::Contains("found the column \"output\" twice"));
  CHECK_THAT(refusal("instruction,output\n"), test::Contains("found no rows"));
  CHECK_THAT(refusal("What is 2+3?,5\nWhat is 3+3?,6\n"), test::Contains("key \"instruction\" is missing"));
}

}  // namespace
}  // namespace hyplora

#include "data/row_wrappers.h"

#include "data/rows.h"
#include "support/support.h"

namespace hyplora {
namespace {

std::vector<Row> rows_of(const std::string& content) {
  const test::TempFolder folder;
  write_file(folder / "r.json", content);
  return read_rows({(folder / "r.json").string()});
}

TEST_CASE("Rows may stand under a key of one object", "[data]") {
  const std::string row = R"({"instruction": "i", "output": "o"})", rows = "[" + row + "," + row + "]";
  for (const std::string& file :
       {"{\"data\": " + rows + "}", "{\"version\": \"1.0\", \"data\": " + rows + ", \"authors\": [{\"name\": \"n\"}]}",
        "{\"train\": " + rows + "}",
        R"({"features": [{"name": "instruction"}], "rows": [{"row_idx": 0, "row": )" + row + "}, {\"row\": " + row + "}]}"}) {
    const auto read = rows_of(file);
    REQUIRE(read.size() == 2);
    CHECK(read[1].instruction == "i");
    CHECK(read[1].where.ends_with("row 2"));
  }
  CHECK(rows_of("[" + json_text(row) + "]").at(0).output == "o");  // a row that is text within JSON
}

TEST_CASE("One object whose keys hold lists of messages is a row", "[data]") {
  const auto rows =
      rows_of(R"({"prompt": [{"role": "user", "content": "Q"}], "completion": [{"role": "assistant", "content": "A"}]})");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].output == "A");
}

TEST_CASE("Of several splits in one file none is guessed", "[data]") {
  const auto refusal = [](const std::string& content) { return test::input_error([&] { rows_of(content); }); };
  CHECK_THAT(refusal(R"({"train": [{"instruction": "i"}], "test": [{"instruction": "j"}]})"),
             test::Contains("found rows under the keys \"train\", \"test\", expected one of them"));
  CHECK_THAT(refusal(R"({"instruction": {"0": "a", "1": "b"}, "output": {"0": "c", "1": "d"}})"),
             test::Contains("holds columns, expected rows"));
  CHECK_THAT(refusal(R"({"rows": [{"row": {"instruction": "i", "output": "o"}, "truncated_cells": ["output"]}]})"),
             test::Contains("row 1: its cells [\"output\"] were cut"));
}

}  // namespace
}  // namespace hyplora

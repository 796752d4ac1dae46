// hyplora-data as a user meets it.
#include "core/fields.h"
#include "io/files.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::Ran;
using test::run;

TEST_CASE("hyplora-data writes the rows it keeps and prints its report", "[programs]") {
  const test::TempFolder folder;
  const std::string raw = (folder / "raw.jsonl").string(), tests = (folder / "tests.json").string();
  write_file(raw, R"({"question": "A?", "answer": "a <<1=1>>1\n#### 1"}
{"messages": [{"role": "user", "content": "B?"}, {"role": "assistant", "content": "b"}]}
{"comment": "C?"}
{"instruction": "Held back?", "output": "c"}
)");
  write_file(tests, R"([{"instruction": "held  back", "output": ""}])");
  for (const char* name : {"out.json", "out.jsonl"}) {
    const std::string out = (folder / name).string();
    const Ran ran = run("hyplora-data", {raw, "--output", out, "--exclude", tests});
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    const Json report = Json::parse(ran.out);
    CHECK(report["kept"] == 2);
    CHECK(report["removed"]["unreadable"] == 1);
    CHECK(report["removed"]["test_question"] == 1);
    CHECK_THAT(ran.err, test::Contains("4 rows read, 2 kept"));
    const std::string text = read_file(out);
    CHECK((text[0] == '[') == (std::string(name) == "out.json"));
    CHECK_THAT(text, test::Contains("The answer is 1."));
    CHECK_THAT(text, !test::Contains("Held back"));
  }
  const Ran quiet = run("hyplora-data", {"--exclude", tests, raw, "--report", (folder / "report.json").string(), "--quiet"});
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  CHECK(read_json(folder / "report.json")["rows"] == 4);
}

TEST_CASE("hyplora-data ends with 2 and a sentence on bad usage and bad files", "[programs]") {
  const test::TempFolder folder;
  const std::string raw = (folder / "raw.jsonl").string();
  write_file(raw, "{\"instruction\": \"\", \"output\": \"\"}\n");
  const auto refused = [&](std::vector<std::string> arguments, const std::string& part) {
    const Ran ran = run("hyplora-data", arguments);
    INFO(ran.err);
    CHECK(ran.status == 2);
    CHECK_THAT(ran.err, test::Contains(part));
  };
  refused({}, "files is missing");
  refused({raw}, "no row is left; the report says why.");
  refused({raw, "--strict"}, "row 1: instruction and input are empty.");
  refused({raw, "--output", (folder / "rows.csv").string()}, "ends in .json or .jsonl");
  refused({raw, "--format", "csv"}, "--format");
  refused({(folder / "none.json").string()}, "none.json");
}

}  // namespace
}  // namespace hyplora

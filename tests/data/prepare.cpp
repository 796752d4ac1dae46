#include "data/prepare.h"

#include "support/support.h"

namespace hyplora {
namespace {

class Files {
 public:
  std::string add(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, content);
    return (folder_ / name).string();
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

 private:
  test::TempFolder folder_;
};

std::string line(const std::string& instruction, const std::string& output) {
  return Json{{"instruction", instruction}, {"output", output}}.dump() + "\n";
}

TEST_CASE("Rows that cannot be used are left out, counted by reason and told with their number", "[data]") {
  const Files files;
  const std::string raw = files.add("raw.jsonl", line("One?", "1") + "{oops\n" + "{\"instruction\": 3, \"output\": \"x\"}\n" +
                                                     "{\"instruction\": \"a\xFF\", \"output\": \"o\"}\n" + line(" ", "o") +
                                                     line("i", "\n") + "{\"input_ids\": [1, 2]}\n" + line("Two?", "2"));
  const PreparedRows made = prepare_rows({raw}, {}, {});
  REQUIRE(made.rows.size() == 2);
  CHECK(made.rows[1].instruction == "Two?");
  CHECK(made.report["rows"] == 8);
  CHECK(made.report["kept"] == 2);
  CHECK(made.report["removed"]["unreadable"] == 3);
  CHECK(made.report["removed"]["broken_text"] == 1);
  CHECK(made.report["removed"]["empty"] == 2);
  const Json& told = made.report["examples"];
  CHECK(told["unreadable"][1]["because"] == raw + ": row 3: key \"instruction\": found number, expected a string.");
  CHECK(told["broken_text"][0]["because"] == raw + ": row 4: instruction holds U+FFFD, which stands for broken UTF-8.");
  CHECK(told["empty"][0]["because"] == raw + ": row 5: instruction and input are empty.");
  CHECK(told["empty"][1]["because"] == raw + ": row 6: output is empty.");
}

TEST_CASE("A strict preparation refuses the first row that cannot be used", "[data]") {
  const Files files;
  PrepareOptions strict;
  strict.strict = true;
  const auto refusal = [&](const std::string& bad) {
    return test::input_error([&] { prepare_rows({files.add("r.jsonl", line("i", "o") + bad)}, {}, strict); });
  };
  CHECK_THAT(refusal("{oops\n"), test::Contains("row 2: found text that is not JSON"));
  CHECK(refusal(line("i", "")).ends_with("row 2: output is empty."));
}

TEST_CASE("Of equal rows the first stays; the same question with another output stays too", "[data]") {
  const Files files;
  const std::string raw =
      files.add("raw.jsonl", line("How many?", "Two.") + line("How many?", "Two.") + line("how  MANY", "two") +
                                 line("How many?", "Three.") + line("3 + 4?", "x") + line("3 - 4?", "x"));
  const PreparedRows made = prepare_rows({raw}, {}, {});
  REQUIRE(made.rows.size() == 4);
  CHECK(made.rows[0].output == "Two.");
  CHECK(made.report["removed"]["duplicate"] == 1);
  CHECK(made.report["removed"]["near_duplicate"] == 1);
  CHECK(made.report["questions_with_several_outputs"] == 1);
  CHECK(made.report["examples"]["duplicate"][0]["same_as"] == raw + ": row 1");
}

TEST_CASE("Rows with questions of test sets are left out and counted for each test file", "[data]") {
  const Files files;
  const std::string shared = "Tom has seven red apples and buys four green ones before he eats three of the red";
  const std::string raw =
      files.add("raw.jsonl", line("What is left?", "1") + line(shared + ", how many remain?", "2") + line("New?", "3"));
  files.add("tests/a.json", R"([{"instruction": "what is left", "output": ""}])");
  files.add("tests/deep/b.json", Json::array({{{"question", shared + ". And now?"}, {"answer", "#### 1"}}}).dump());
  const PreparedRows made = prepare_rows({raw}, {files.at("tests")}, {});
  REQUIRE(made.rows.size() == 1);
  CHECK(made.rows[0].instruction == "New?");
  CHECK(made.report["removed"]["test_question"] == 1);
  CHECK(made.report["removed"]["test_overlap"] == 1);
  CHECK(made.report["excluded"]["rows"] == 2);
  CHECK(made.report["excluded"]["removed_by_file"][files.at("tests/a.json")] == 1);
  CHECK(made.report["examples"]["test_overlap"][0]["shared"] ==
        "tom has seven red apples and buys four green ones before he eats");
}

TEST_CASE("A test set that cannot be read is an error, never silently smaller", "[data]") {
  const Files files;
  const std::string raw = files.add("raw.jsonl", line("a", "b"));
  const std::string bad = files.add("t.jsonl", line("a", "b") + "{}\n");
  CHECK_THAT(test::input_error([&] { prepare_rows({raw}, {bad}, {}); }),
             test::Contains("row 2: key \"instruction\" is missing"));
  fs::create_directory(files.at("empty"));
  CHECK(test::input_error([&] { prepare_rows({raw}, {files.at("empty")}, {}); }).find("holds no .json, .jsonl") !=
        std::string::npos);
}

TEST_CASE("Written rows read back as they were", "[data]") {
  const Files files;
  Row first, second;
  first.instruction = "a\n\"b\"";
  first.input = "c";
  first.output = "d";
  first.answer = "4";
  second.instruction = second.output = "\xC3\xA9";
  for (const bool lines : {true, false}) {
    const auto rows = read_rows({files.add("r.json", rows_text({first, second}, lines))});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].instruction == first.instruction);
    CHECK(rows[0].input == "c");
    CHECK(rows[0].answer == "4");
    CHECK(rows[1].output == second.output);
    CHECK_FALSE(rows[1].answer.has_value());
  }
}

TEST_CASE("The shared training files hold rows of the shared test files", "[data]") {
  const auto training = test::shared("data/train"), tests = test::shared("data/eval");
  if (!training || !tests) return;
  const PreparedRows made = prepare_rows({training->string()}, {tests->string()}, {});
  CHECK(made.report["removed"]["duplicate"] == 6);
  CHECK(made.report["removed"]["near_duplicate"] == 1);
  CHECK(made.report["removed"]["test_question"] == 6);
  CHECK(made.report["removed"]["unreadable"] == 0);
}

}  // namespace
}  // namespace hyplora

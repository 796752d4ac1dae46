// What a run may go on with.
#include "io/identity.h"

#include <chrono>

#include "io/hash.h"
#include "support/support.h"

namespace hyplora {
namespace {

struct Options {
  int64_t steps = 10, every = 5;
  std::string form = "alpaca", output = "out";
  std::vector<std::string> rows;
  std::map<std::string, int64_t> ranks;
};

Identity identity(Options& o) {
  Fields fields;
  fields.add("steps", o.steps, "how many")
      .add("every", o.every, "a line each")
      .changes_nothing()
      .add("form", o.form, "a built-in one or a file")
      .names_files()
      .add("rows", o.rows, "files")
      .names_files()
      .add("ranks", o.ranks, "by name")
      .add("output", o.output, "folder")
      .names_files()
      .changes_nothing();
  return identity_of(fields);
}

std::vector<std::string> changes(Options before, Options now) {
  std::vector<std::string> texts;
  for (const Difference& d : differences(identity(before), identity(now))) texts.push_back(d.text());
  return texts;
}

TEST_CASE("Values that change nothing, and the names of files, do not count", "[io]") {
  const test::TempFolder folder;
  for (const char* name : {"a", "b"}) write_file(folder / name, "rows");
  Options options, other;
  options.rows = {(folder / "a").string()};
  other.rows = {(folder / "b").string()};
  other.every = 7;
  other.output = "elsewhere";
  CHECK(changes(options, other).empty());
  other.steps = 11;
  other.ranks = {{"q", 4}};
  CHECK(changes(options, other) == std::vector<std::string>{"steps was 10, now it is 11", "ranks/q was null, now it is 4"});
}

TEST_CASE("A byte of a named file counts, and so does another built-in name", "[io]") {
  const test::TempFolder folder;
  Options options;
  options.rows = {(folder / "a").string()};
  write_file(folder / "a", "rows");
  const Identity before = identity(options);
  write_file(folder / "a", "rowz");
  const auto found = differences(before, identity(options));
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "rows[0]");
  CHECK(found[0].is_file);
  CHECK(found[0].now == file_hash(folder / "a"));
  Options other = options;
  other.form = "none";
  CHECK(changes(options, other) == std::vector<std::string>{"form was \"alpaca\", now it is \"none\""});
}

TEST_CASE("What came, what went and what is another are told in the order of before, then what is new", "[io]") {
  const Json before{{"c", 1}, {"a", {{"x", 1}}}, {"b", 2}}, now{{"e", 3}, {"b", 2}, {"d", 5}, {"a", {{"x", 2}}}};
  std::vector<std::string> texts;
  for (const Difference& d : differences({before, Json::object()}, {now, Json::object()})) texts.push_back(d.text());
  CHECK(texts == std::vector<std::string>{"c was 1, now it is null", "a/x was 1, now it is 2", "e was null, now it is 3",
                                          "d was null, now it is 5"});
}

TEST_CASE("Time to compare grows with the number of values, not with its square", "[io]") {
  const auto seconds = [](int count) {
    Identity before, now;
    for (int i = 0; i < count; ++i) {
      const std::string path = "layers." + std::to_string(i);
      before.values.get_ref<Json::object_t&>().emplace_back("old " + path, i);
      now.values.get_ref<Json::object_t&>().emplace_back("new " + path, i);
    }
    const auto start = std::chrono::steady_clock::now();
    CHECK(differences(before, now).size() == static_cast<size_t>(2 * count));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double few = seconds(10'000), many = seconds(100'000);
  CHECK(many < 60 * few);  // a square would be 100 times
}

}  // namespace
}  // namespace hyplora

// What a run may go on with.
#include "io/identity.h"

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

}  // namespace
}  // namespace hyplora

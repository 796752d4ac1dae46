#include "io/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("A device or a pipe is never replaced by a file", "[io]") {
  const test::TempFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(test::input_error([&] { write_file(folder / "pipe", "x"); }), test::Contains("pipe: found a device or a pipe"));
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK_FALSE(fs::exists(folder / "pipe.partial"));
}

TEST_CASE("A written file replaces the old one whole and leaves nothing beside it", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "f", "old");
  write_file(folder / "f", "new content");
  CHECK(read_file(folder / "f") == "new content");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("A full disk is a RunError that leaves the old file", "[io]") {
  if (!fs::exists("/dev/full")) return;
  const test::TempFolder folder;
  write_file(folder / "f", "old");
  fs::create_symlink("/dev/full", folder / "f.partial");
  CHECK_THROWS_AS(write_file(folder / "f", "new"), RunError);
  CHECK(read_file(folder / "f") == "old");
}

TEST_CASE("An output folder that cannot be written is refused", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "file", "");
  CHECK_THAT(test::input_error([&] { require_writable_folder(folder / "file"); }), test::Contains("cannot be made"));
  CHECK_THAT(test::input_error([&] { require_writable_folder("/proc/nothing/here"); }), test::Contains("/proc/nothing/here"));
  require_writable_folder(folder / "a/b/c");
  CHECK(fs::is_empty(folder / "a/b/c"));
}

TEST_CASE("JSON may carry comments; malformed JSON is refused with its line", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "c.json", "{\n  // why\n  \"a\": 1 /* here */\n}");
  CHECK(read_json(folder / "c.json")["a"] == 1);
  write_file(folder / "c.json", "{\n  \"a\": 1,\n  \"b\": oops\n}");
  CHECK_THAT(test::input_error([&] { read_json(folder / "c.json"); }), test::Contains("line 3"));
  write_file(folder / "c.json", "  \n");
  CHECK_THAT(test::input_error([&] { read_json(folder / "c.json"); }), test::Contains("is empty"));
}

TEST_CASE("A folder takes another's place whole, whether there was one or not", "[io]") {
  const test::TempFolder folder;
  for (const char* content : {"first", "second"}) {
    fs::create_directory(folder / "aside");
    write_file(folder / "aside/f", content);
    replace_folder(folder / "aside", folder / "final");
    CHECK(read_file(folder / "final/f") == content);
    CHECK_FALSE(fs::exists(folder / "aside"));
  }
}

TEST_CASE("A file that grows keeps what was there, and a full disk is a RunError", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "f", "one ");
  AppendFile file(folder / "f");
  file.append("two");
  file.sync();
  CHECK(read_file(folder / "f") == "one two");
  CHECK_THROWS_AS(AppendFile(folder / "missing/f"), RunError);
  if (fs::exists("/dev/full")) CHECK_THROWS_AS(AppendFile("/dev/full").append("x"), RunError);
}

TEST_CASE("A number beyond every type is bad input, not a crash", "[io]") {
  CHECK(test::input_error([] { parse_json("{\"a\": 1e505}", "f"); }) == "f: found a number that does not fit into 64 bits.");
}

}  // namespace
}  // namespace hyplora

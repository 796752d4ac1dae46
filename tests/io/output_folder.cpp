#include "io/output_folder.h"

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("An output folder appears whole, and replaces what was there only by force", "[io]") {
  const test::TempFolder place;
  const fs::path target = place / "out";
  {
    OutputFolder output(target, false, {});
    write_file(output.aside() / "a", "1");
    CHECK_FALSE(fs::exists(target));
    output.put_into_place();
    CHECK(read_file(target / "a") == "1");
  }
  CHECK_THAT(test::input_error([&] { OutputFolder(target, false, {}); }), test::Contains("is not empty"));
  {
    OutputFolder output(target.string() + "/", true, {});
    write_file(output.aside() / "b", "2");
    output.put_into_place();
  }
  CHECK_FALSE(fs::exists(target / "a"));
  CHECK(read_file(target / "b") == "2");
  CHECK(std::distance(fs::directory_iterator(place.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("What is not put into place leaves nothing behind", "[io]") {
  const test::TempFolder place;
  { OutputFolder output(place / "out", false, {}); }
  { OutputFolder output(place / "above/out", false, {}); }
  CHECK(fs::is_empty(place.path()));
}

TEST_CASE("A folder that was made to be written to goes again while it is empty, with those above it", "[io]") {
  const test::TempFolder place;
  fs::create_directory(place / "mine");
  { const WritableFolder folder(place / "mine/a/b/"); }
  CHECK(fs::is_empty(place / "mine"));
  { const WritableFolder folder(place / "mine"); }
  CHECK(fs::exists(place / "mine"));
  {
    const WritableFolder folder(place / "mine/a/b");
    write_file(place / "mine/a/table", "1");
  }
  CHECK(read_file(place / "mine/a/table") == "1");
  CHECK_FALSE(fs::exists(place / "mine/a/b"));
  CHECK_THAT(test::input_error([&] { WritableFolder(place / "mine/a/table/b"); }), test::Contains("cannot be made"));
  fs::create_symlink("circle", place / "circle");
  CHECK_THAT(test::input_error([&] { WritableFolder(place / "circle/b"); }), test::Contains("cannot be made"));
}

TEST_CASE("An output folder never replaces what is read, nor a file", "[io]") {
  const test::TempFolder place;
  fs::create_directories(place / "models/base");
  write_file(place / "models/base/config.json", "{}");
  for (const char* target : {"models", "models/base", "models/base/", "models/../models"}) {
    INFO(target);
    CHECK_THAT(test::input_error([&] { OutputFolder(place / target, true, {place / "models/base"}); }),
               test::Contains("would replace"));
  }
  CHECK_THAT(test::input_error([&] { OutputFolder(place / "models/base/config.json", true, {}); }),
             test::Contains("is a file"));
  CHECK_NOTHROW(OutputFolder(place / "models/base-merged", false, {place / "models/base"}));
}

TEST_CASE("A folder whose replacement was cut off between two names is there again for the next run", "[io]") {
  const test::TempFolder folder;
  fs::create_directory(folder / "out.hyplora-old");
  write_file(folder / "out.hyplora-old/mine", "old");
  CHECK_THROWS_AS(OutputFolder(folder / "out", false, {}), InputError);  // it is not empty
  CHECK(read_file(folder / "out/mine") == "old");
  OutputFolder output(folder / "out", true, {});
  write_file(output.aside() / "mine", "new");
  CHECK(read_file(folder / "out/mine") == "old");
  output.put_into_place();
  CHECK(read_file(folder / "out/mine") == "new");
  CHECK_FALSE(fs::exists(folder / "out.hyplora-old"));
}

}  // namespace
}  // namespace hyplora

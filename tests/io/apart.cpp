#include "io/apart.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

TEST_CASE("A file to be written that is one that is read is refused, by whatever name", "[io]") {
  const test::TempFolder folder;
  fs::create_directories(folder / "data/inner");
  write_file(folder / "data/rows.json", "[]");
  fs::create_symlink(folder / "data/rows.json", folder / "link.json");
  fs::create_hard_link(folder / "data/rows.json", folder / "hard.json");
  fs::create_symlink(folder / "data", folder / "place");
  const fs::path rows = folder / "data/rows.json";
  for (const char* name :
       {"data/rows.json", "link.json", "hard.json", "place/rows.json", "data/inner/../rows.json", "./data/rows.json"}) {
    INFO(name);
    CHECK_THAT(test::input_error([&] { require_apart({folder / name}, {rows}); }), Contains("which is read"));
    CHECK_THAT(test::input_error([&] { require_apart({folder / name}, {folder / "data"}); }), Contains("which is read"));
  }
  CHECK_NOTHROW(require_apart({folder / "data/other.json", folder / "rows.json", ""}, {rows, ""}));
}

TEST_CASE("Nothing is written twice, also where nothing is there yet", "[io]") {
  const test::TempFolder folder;
  fs::create_symlink(folder.path(), folder / "self");
  CHECK_THAT(test::input_error([&] {
               require_apart({folder / "a.json", folder / "self/a.json"}, {});
             }),
             Contains("written twice"));
  CHECK_NOTHROW(require_apart({folder / "a.json", folder / "b.json"}, {}));
}

}  // namespace
}  // namespace hyplora

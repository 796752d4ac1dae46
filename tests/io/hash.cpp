#include "io/hash.h"

#include <cstdlib>

#include "support/support.h"

namespace hyplora {
namespace {

const std::string of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180's example

TEST_CASE("The hash is SHA-256, in one piece or several, and goes on after it was read", "[io]") {
  Hash hash;
  CHECK(hash.text() == of_nothing);
  hash.add("a");
  hash.add("bc");
  CHECK(hash.text() == of_abc);
  CHECK(hash.text() == of_abc);
  Hash million;
  for (int i = 0; i < 1000; ++i) million.add(std::string(1000, 'a'));
  CHECK(million.text() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("A file's hash is what sha256sum prints, whatever the file's size", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "f", "");
  CHECK(file_hash(folder / "f") == of_nothing);
  write_file(folder / "f", "abc");
  CHECK(file_hash(folder / "f") == of_abc);
  const std::string large(40000000, 'x');  // sha256sum's: head -c 40000000 /dev/zero | tr '\0' x | sha256sum
  write_file(folder / "f", large);
  CHECK(file_hash(folder / "f") == "dd1546574cfd04fdf6cf1101e4e4fdbd0cc27b68052769c31c6c6ee8e672c79f");
  CHECK_THAT(test::input_error([&] { file_hash(folder / "missing"); }), test::Contains("missing: cannot be read"));
}

TEST_CASE("A folder's checksums are sha256sum's, and tell what has changed since", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "b", "abc");
  write_file(folder / "a", "");
  fs::create_directory(folder / "c");
  const std::string lines = checksum_lines(folder.path());
  CHECK(lines == of_nothing + "  a\n" + of_abc + "  b\n");
  write_file(folder / "LIST", lines);
  CHECK(std::system(("cd '" + folder.path().string() + "' && sha256sum --status --strict -c LIST").c_str()) == 0);
  CHECK_FALSE(first_changed(folder.path(), "LIST"));
  write_file(folder / "b", "abd");
  CHECK(first_changed(folder.path(), "LIST") == "b");
  fs::remove(folder / "a");
  CHECK(first_changed(folder.path(), "LIST") == "a");
  write_file(folder / "LIST", "half a li");
  CHECK(first_changed(folder.path(), "LIST") == "LIST");
}

}  // namespace
}  // namespace hyplora

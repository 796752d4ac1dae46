#include "data/file_kind.h"

#include "data/rows.h"
#include "support/support.h"

namespace hyplora {
namespace {

using namespace std::string_literals;

std::string refusal(const std::string& content, const std::string& name = "r.jsonl") {
  const test::TempFolder folder;
  write_file(folder / name, content);
  return test::input_error([&] { read_rows({(folder / name).string()}); });
}

TEST_CASE("Files that hold no rows as text are named as what they are", "[data]") {
  CHECK_THAT(refusal("PAR1\x15\x04"), test::Contains("is a Parquet file, which is not read; convert it with: python"));
  CHECK_THAT(refusal("ARROW1\0\0"s), test::Contains("is an Arrow file"));
  CHECK_THAT(refusal("\xFF\xFF\xFF\xFF\x10\0\0\0"s), test::Contains("is an Arrow stream"));
  CHECK_THAT(refusal("PK\x03\x04[Content_Types].xml"), test::Contains("is an Excel file"));
  CHECK_THAT(refusal("PK\x03\x04rows.json"), test::Contains("is a zip archive"));
  CHECK_THAT(refusal("\x80\x04\x95\x10."), test::Contains("is a pickle"));
  CHECK_THAT(refusal("SQLite format 3\0"s), test::Contains("is a SQLite database"));
  CHECK_THAT(refusal("\n<!DOCTYPE html><html>"), test::Contains("is a web page"));
  CHECK_THAT(refusal("version https://git-lfs.github.com/spec/v1\n"), test::Contains("is a Git LFS pointer"));
  CHECK_THAT(refusal("\x28\xB5\x2F\xFD\x04"), test::Contains("is a Zstandard archive"));
  CHECK_THAT(refusal("PAR1", "r.csv"), test::Contains("is a Parquet file"));
}

TEST_CASE("Texts of other encodings are named", "[data]") {
  CHECK_THAT(refusal("\xFF\xFE[\0{\0"s),
             test::Contains("is UTF-16LE text, expected UTF-8; convert it with: iconv -f UTF-16LE"));
  CHECK_THAT(refusal("{\0\"\0a\0\"\0:\0"s), test::Contains("is UTF-16LE text"));
  CHECK_THAT(refusal("\0[\0{\0\"\0a"s), test::Contains("is UTF-16BE text"));
  CHECK_THAT(refusal("[\n{\"instruction\": \"caf\xE9\", \"output\": \"o\"}]"),
             test::Contains("line 2: found broken UTF-8; a Latin-1"));
  CHECK_THAT(refusal("instruction,output\ncaf\xE9,o\n", "r.csv"), test::Contains("line 2: found broken UTF-8"));
}

}  // namespace
}  // namespace hyplora

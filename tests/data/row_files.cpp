#include "data/row_files.h"

#include "support/support.h"

namespace hyplora {
namespace {

void make(const fs::path& file) {
  fs::create_directories(file.parent_path());
  write_file(file, "x");
}

TEST_CASE("A folder stands for its data files at any depth, in the order of their names", "[data]") {
  const test::TempFolder folder;
  for (const char* name : {"b.jsonl", "a/z.csv.gz", "c.ndjson", "README.md", "dataset_info.json", ".cache/d.json", "d.tsv"})
    make(folder / name);
  const fs::path root = folder / "";
  CHECK(row_files({root, "other.txt"}) ==
        std::vector<std::string>{root / "a/z.csv.gz", root / "b.jsonl", root / "c.ndjson", root / "d.tsv", "other.txt"});
}

TEST_CASE("A folder without data files is refused, and what it holds instead is named", "[data]") {
  const test::TempFolder folder;
  make(folder / "README.md");
  const std::string root = folder / "";
  CHECK_THAT(test::input_error([&] { row_files({root}); }), test::Contains("holds no .json, .jsonl"));
  make(folder / "data/train.parquet");
  CHECK_THAT(test::input_error([&] { row_files({root}); }), test::Contains("train.parquet, which must be converted"));
}

TEST_CASE("A folder of several splits is not trained on as a whole", "[data]") {
  const test::TempFolder folder;
  make(folder / "train-00000-of-00002.jsonl");
  make(folder / "train-00001-of-00002.jsonl");
  const std::string root = folder / "";
  CHECK(training_files({root}).size() == 2);
  make(folder / "test.jsonl");
  CHECK_THAT(test::input_error([&] { training_files({root}); }), test::Contains("holds files of the splits test, train; name"));
  CHECK(row_files({root}).size() == 3);
}

}  // namespace
}  // namespace hyplora

#include "eval/output_names.h"

#include "io/files.h"
#include "support/support.h"

namespace hyplora {
namespace {

/// Of an adapter that stands alone.
std::string adapter_name(const std::string& adapter) { return as_file_name(adapter_names({adapter}).at(0)); }

TEST_CASE("An adapter's name is one component of a path, wherever the path leads", "[eval]") {
  const test::TempFolder folder;
  fs::create_directories(folder / "runs/first/inner");
  CHECK(adapter_name("") == "base");
  CHECK(adapter_name((folder / "runs/first").string()) == "first");
  CHECK(adapter_name((folder / "runs/first/").string()) == "first");
  CHECK(adapter_name((folder / "runs/first/inner/..").string()) == "first");
  CHECK(adapter_name((folder / "runs/first/.").string()) == "first");
  for (const char* odd : {"..", ".", "/", "a/../..", ".hidden", "a/\x1b[2J", "a/b\nc"}) {
    const std::string name = adapter_name(odd);
    INFO(odd << " -> " << name);
    CHECK_FALSE(name.empty());
    CHECK(name.front() != '.');
    CHECK(name.find_first_of("/\n\x1b") == std::string::npos);
  }
  CHECK(adapter_name("runs/" + std::string(250, 'x') + "-1000").ends_with("-1000"));
  CHECK(adapter_name("runs/" + std::string(250, 'x')).size() <= 100);
}

TEST_CASE("Adapters of the same folder name are told apart by as many folders above as that needs", "[eval]") {
  using Names = std::vector<std::string>;
  CHECK(adapter_names({"runs/lora1e3/checkpoint-30", "runs/lora3e4/checkpoint-30/"}) ==
        Names{"lora1e3/checkpoint-30", "lora3e4/checkpoint-30"});
  CHECK(adapter_names({"a/x/best", "b/x/best", "b/y/best", "c/other", ""}) ==
        Names{"a/x/best", "b/x/best", "y/best", "other", "base"});
  CHECK(adapter_names({"/best", "/runs/best"}) == Names{"best", "runs/best"});  // no folder above the first
  CHECK(adapter_names({"a/Best", "b/best"}) == Names{"a/Best", "b/best"});      // as file systems compare that know no case
  CHECK(adapter_names({"a/best", "./a/best/."}) == Names{"best", "best"});      // one folder
  CHECK(as_file_name("lora1e3/checkpoint-30") == "lora1e3_checkpoint-30");
}

TEST_CASE("A long name is not cut within a character", "[eval]") {
  for (size_t more = 0; more < 4; ++more) {
    std::string name(more, 'x');
    for (int i = 0; i < 60; ++i) name += "\xe6\xb0\xb4";
    CHECK(adapter_name("runs/" + name).starts_with("\xe6\xb0\xb4"));
  }
}

TEST_CASE("No two names are the same, in upper or lower case, and none is that of a file beside them", "[eval]") {
  OutputNames names({"results.json", "report.html"});
  CHECK(names.take("a") == "a");
  CHECK(names.take("a") == "a-2");
  CHECK(names.take("A") == "A-3");
  CHECK(names.take("results.json") == "results.json-2");
  CHECK(names.take("Report.HTML") == "Report.HTML-2");
}

}  // namespace
}  // namespace hyplora

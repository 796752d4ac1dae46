// The libraries that the programs are linked with.
#include <map>
#include <set>
#include <sstream>

#include "support/support.h"

namespace hyplora {
namespace {

using test::Ran;
using test::run;

/// Standard output of a shell's command, line by line.
std::vector<std::string> lines_of(const std::string& command) {
  const Ran ran = run("/bin/sh", {"-c", command});
  INFO(command << ran.err);
  REQUIRE(ran.status == 0);
  std::vector<std::string> lines;
  std::istringstream text(ran.out);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// Variables that the library exports, but for those that are meant to be one in all libraries (weak and unique ones).
std::set<std::string> variables_of(const std::string& library) {
  std::set<std::string> names;
  for (const auto& line : lines_of("nm -D --defined-only --no-demangle " + library)) {
    std::istringstream words(line);
    std::string place, type, name;
    words >> place >> type >> name;
    if (type.size() == 1 && std::string("BDGRS").find(type) != std::string::npos) names.insert(name.substr(0, name.find('@')));
  }
  return names;
}

TEST_CASE("No two libraries of a program export a variable of the same name", "[programs]") {
  if (run("/bin/sh", {"-c", "command -v nm && command -v ldd"}).status != 0) {
    WARN("skipped: nm and ldd are not there");
    return;
  }
  std::set<std::string> libraries;
  for (const char* program : {"train", "eval", "generate", "tokenize", "adapter", "data"}) {
    for (const auto& line : lines_of("ldd " + (test::programs() / "hyplora-").string() + program)) {
      const size_t arrow = line.find("=> /"), end = line.find(" (");
      const bool sanitizers =
          line.find("libasan") != std::string::npos || line.find("libubsan") != std::string::npos;  // share some
      if (arrow != std::string::npos && !sanitizers)
        libraries.insert(fs::canonical(line.substr(arrow + 3, end - arrow - 3)).string());
    }
  }
  REQUIRE(libraries.size() > 3);
  std::map<std::string, std::string> exported_by;
  size_t seen = 0;
  for (const auto& library : libraries) {
    CHECK_THAT(library, !test::Contains("sentencepiece"));
    for (const auto& name : variables_of(library)) {
      const auto [first, is_new] = exported_by.emplace(name, library);
      INFO(name << " of " << first->second << " and " << library);
      if (!is_new) CHECK(false);
      ++seen;
    }
  }
  CHECK(seen > 100);
}

}  // namespace
}  // namespace hyplora

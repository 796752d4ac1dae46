// The libraries of a program do not write over each other's variables.
#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "support/support.h"
#include "text/piece_model.h"

namespace hyplora {
namespace {

/// What a command prints, line by line.
std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  std::array<char, 4096> line{};
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) lines.emplace_back(line.data());
  ::pclose(pipe);
  return lines;
}

/// The libraries of this process that share one scope of symbols: all but the module and what it brought.
std::set<std::string> libraries(const std::string& program) {
  std::set<std::string> paths;
  for (const auto& line : lines_of("ldd " + program)) {
    const size_t begin = line.find("=> /"), end = line.rfind(" (");
    if (begin != line.npos && end != line.npos) paths.insert(line.substr(begin + 3, end - begin - 3));
  }
  return paths;
}

TEST_CASE("No two libraries of a program export a variable of one name", "[text]") {
  for (const char* program :
       {"hyplora-train", "hyplora-eval", "hyplora-generate", "hyplora-tokenize", "hyplora-adapter", "hyplora-data"}) {
    std::map<std::string, std::string> owner;
    size_t libraries_seen = 0;
    for (const auto& library : libraries((test::programs() / program).string())) {
      CHECK(library.find("libsentencepiece") == library.npos);
      ++libraries_seen;
      for (const auto& line : lines_of("nm -D --defined-only '" + library + "' 2>/dev/null")) {
        // "<address> <kind> <name>": B, D, R are variables that the linker lets one library take from another.
        std::array<char, 3000> name{};
        char kind = 0;
        if (std::sscanf(line.c_str(), "%*s %c %2999s", &kind, name.data()) != 2 ||
            std::string("BDR").find(kind) == std::string::npos)
          continue;
        const std::string symbol = name.data();
        if (symbol.starts_with("__") || symbol.starts_with("_ZTI") || symbol.starts_with("_ZTS") || symbol.starts_with("_ZTV"))
          continue;
        const auto [first, is_new] = owner.emplace(symbol, library);
        INFO(program << ": " << symbol << " in " << first->second << " and " << library);
        CHECK(is_new);
      }
    }
    CHECK(libraries_seen > 10);
  }
}

TEST_CASE("Loading sentencepiece leaves LibTorch's flags as they were", "[text]") {
  const auto* flag = reinterpret_cast<const int*>(::dlsym(RTLD_DEFAULT, "FLAGS_caffe2_log_level"));
  const auto* level = reinterpret_cast<const int*>(::dlsym(RTLD_DEFAULT, "FLAGS_minloglevel"));
  const int before = level != nullptr ? *level : 0;
  CHECK(open_piece_model("no model") == nullptr);
  if (level != nullptr) CHECK(*level == before);
  CHECK((flag == nullptr || (*flag >= 0 && *flag <= 5)));
}

}  // namespace
}  // namespace hyplora

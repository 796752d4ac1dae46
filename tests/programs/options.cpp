// The options of all programs come from one list each: flags, --config, --set, --print-schema and --print-config say the same.
#include <set>

#include "data/prompt.h"
#include "model/load.h"
#include "programs/sentences.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::run;

/// A program, or a command of one, with what it cannot do without.
struct Called {
  std::string program;
  std::vector<std::string> first, needed;

  test::Ran with(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = first;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(program, arguments);
  }
  test::Ran whole(std::vector<std::string> more) const {
    more.insert(more.end(), needed.begin(), needed.end());
    return with(more);
  }
};

const std::vector<Called> all{
    {"hyplora-train", {}, {"--base-model", "m", "--data-path", "d", "--output-dir", "o"}},
    {"hyplora-eval", {}, {"--model", "m", "--data", "d"}},
    {"hyplora-generate", {}, {"--model", "m", "--prompt", "p"}},
    {"hyplora-tokenize", {}, {"--model", "m"}},
    {"hyplora-data", {}, {"a.json", "b.json"}},
    {"hyplora-adapter", {"inspect"}, {"folder"}},
    {"hyplora-adapter", {"merge"}, {"--model", "m", "--adapter", "a", "--output", "o"}},
    {"hyplora-adapter", {"convert"}, {"--adapter", "a", "--to", "peft", "--output", "o"}},
    {"hyplora-adapter", {"linearize"}, {"--model", "m", "--adapter", "a", "--data", "d", "--output", "o"}},
    {"hyplora-adapter", {"report"}, {"--model", "m", "--adapter", "a", "--data", "d", "--output", "o"}},
};

Json schema_of(const Called& called) {
  const test::Ran ran = called.with({"--print-schema"});
  REQUIRE(ran.status == 0);
  return Json::parse(ran.out);
}

TEST_CASE("Every key of a program's schema is a flag of it, with its meaning", "[programs]") {
  for (const Called& called : all) {
    const std::string help = called.with({"--help"}).out;
    const Json schema = schema_of(called);
    for (const auto& [key, entry] : schema.items()) {
      INFO(called.program << " " << key);
      CHECK((help.find(flag_of(key) + " ") != std::string::npos || help.find(flag_of(key) + ",") != std::string::npos ||
             help.find("  " + key + " ") != std::string::npos));
      CHECK_FALSE(entry["meaning"].get<std::string>().empty());
      CHECK(entry.contains("changes_result"));
    }
  }
}

TEST_CASE("What a program prints as its config it reads again as the same", "[programs]") {
  const test::TempFolder folder;
  for (const Called& called : all) {
    INFO(called.program);
    const test::Ran printed = called.whole({"--print-config"});
    INFO(printed.err);
    REQUIRE(printed.status == 0);
    write_file(folder / "c.json", printed.out);
    const test::Ran again = called.with({"--print-config", "--config", (folder / "c.json").string()});
    INFO(again.err);
    CHECK(again.out == printed.out);
  }
}

TEST_CASE("Built-in templates and types are offered by every program that takes them", "[programs]") {
  std::set<std::string> seen;
  for (const Called& called : all) {
    const Json schema = schema_of(called);
    for (const auto& [key, entry] : schema.items()) {
      const bool is_template = key == "template" || key == "prompt_template";
      if (!is_template && key != "dtype") continue;
      seen.insert(key);
      INFO(called.program << " " << key);
      const std::string expected = entry["expected"];
      for (const auto& name : is_template ? prompt_template_names() : dtype_names()) CHECK_THAT(expected, test::Contains(name));
      CHECK_THAT(called.with({"--completion", "bash"}).out, test::Contains(fmt::format("{}", fmt::join(dtype_names(), " "))));
    }
  }
  CHECK(seen.size() == 3);
}

TEST_CASE("A bad value is refused in one style, wherever it stands", "[programs]") {
  const test::TempFolder folder;
  const std::string config = (folder / "c.json").string();
  for (const Called& called : all) {
    const Json schema = schema_of(called);
    for (const auto& [key, entry] : schema.items()) {
      if (entry["type"] != "integer" || !entry.contains("expected")) continue;
      INFO(called.program << " " << key);
      write_file(config, Json{{key, -1}}.dump());
      const std::string told = "found -1, expected " + entry["expected"].get<std::string>() + ".";
      check_sentence(called.with({flag_of(key), "-1"}), 2, flag_of(key) + ": " + told);
      check_sentence(called.with({"--config", config}), 2, "c.json: key \"" + key + "\": " + told);
      check_sentence(called.with({"--set", key + "=-1"}), 2, "--set: key \"" + key + "\": " + told);
      break;
    }
    write_file(config, R"({"no_such_key": 1})");
    check_sentence(called.with({"--config", config}), 2, "c.json: unknown key \"no_such_key\"; the nearest known key is ");
  }
}

}  // namespace
}  // namespace hyplora

// Man pages and shell completions, written by each program from its own list of options.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "support/support.h"

namespace hyplora {
namespace {

using test::run;

std::vector<std::string> all_programs() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(test::programs())) {
    const std::string name = entry.path().filename();
    if (name.starts_with("hyplora-") && name != "hyplora-tests" && !name.starts_with("hyplora-bench")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The long options that a help text lists.
std::set<std::string> options_in(const std::string& help) {
  std::set<std::string> options;
  for (size_t at = help.find("--"); at != help.npos; at = help.find("--", at + 2)) {
    const size_t line = help.rfind('\n', at) + 1;
    if (help.find_first_not_of(' ', line) != at && help.substr(line, at - line) != "  -h,") continue;
    options.insert(help.substr(at, help.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at) - at));
  }
  return options;
}

/// The subcommands that a help text lists: the first words of the lines after "Subcommands:".
std::vector<std::string> commands_in(const std::string& help) {
  std::vector<std::string> commands;
  const size_t list = help.find("Subcommands:\n");
  std::istringstream lines(list == help.npos ? "" : help.substr(list));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ") && line.size() > 2 && line[2] != ' ') commands.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return commands;
}

/// Exit status of a shell command over a file with this content; what it says goes to `said`.
int shell(const std::string& command, const std::string& content, std::string& said) {
  const test::TempFolder folder;
  write_file(folder / "in", content);
  const int status =
      std::system((command + " '" + (folder / "in").string() + "' >/dev/null 2>'" + (folder / "err").string() + "'").c_str());
  said = read_file(folder / "err");
  return status;
}

bool installed(const std::string& program) { return std::system(("command -v " + program + " >/dev/null").c_str()) == 0; }

TEST_CASE("Every program's man page and completions name each of its options", "[programs]") {
  REQUIRE(all_programs().size() >= 5);
  for (const auto& program : all_programs()) {
    INFO(program);
    const std::string help = run(program, {"--help"}).out;
    auto options = options_in(help);
    REQUIRE(options.contains("--help"));
    for (const auto& command : commands_in(help)) options.merge(options_in(run(program, {command, "--help"}).out));
    const test::Ran page = run(program, {"--help-man"});
    REQUIRE(page.status == 0);
    CHECK(page.err.empty());
    const std::string bash = run(program, {"--completion", "bash"}).out, zsh = run(program, {"--completion", "zsh"}).out,
                      fish = run(program, {"--completion", "fish"}).out;
    for (std::string option : options) {
      INFO(option);
      CHECK(bash.find(option) != std::string::npos);
      CHECK(zsh.find(option) != std::string::npos);
      CHECK(fish.find(" -l " + option.substr(2)) != std::string::npos);
      for (size_t at = option.find('-'); at != option.npos; at = option.find('-', at + 2)) option.insert(at, "\\");
      CHECK(page.out.find("\\fB" + option + "\\fR") != std::string::npos);
    }
  }
}

TEST_CASE("Man pages pass groff and completions pass their shells without a word", "[programs]") {
  std::string said;
  for (const auto& program : all_programs()) {
    INFO(program);
    if (installed("groff")) {
      CHECK(shell("groff -ww -man -Tascii", run(program, {"--help-man"}).out, said) == 0);
      CHECK(said.empty());
    }
    for (const char* name : {"bash", "zsh", "fish"}) {
      if (!installed(name)) continue;
      CHECK(shell(std::string(name) + " -n", run(program, {"--completion", name}).out, said) == 0);
      CHECK(said.empty());
    }
  }
}

TEST_CASE("Bash completes options, choices and files", "[programs]") {
  const test::TempFolder folder;
  const auto offered = [&](const std::string& words) {
    write_file(folder / "c.bash", run("hyplora-data", {"--completion", "bash"}).out + "COMP_WORDS=(hyplora-data " + words +
                                      ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_hyplora_data\necho \"${COMPREPLY[@]}\" >'" +
                                      (folder / "out").string() + "'\n");
    REQUIRE(std::system(("bash '" + (folder / "c.bash").string() + "'").c_str()) == 0);
    return read_file(folder / "out");
  };
  CHECK(offered("--exc") == "--exclude\n");
  CHECK(offered("--format c") == "chat csqa\n");
  CHECK(offered("'" + (folder / "c.b").string() + "'") == (folder / "c.bash").string() + "\n");
}

TEST_CASE("An unknown shell is refused", "[programs]") {
  const test::Ran ran = run("hyplora-data", {"--completion", "tcsh"});
  CHECK(ran.status == 2);
  CHECK(ran.err == "error: --completion: found \"tcsh\", expected bash, zsh or fish.\n");
}

}  // namespace
}  // namespace hyplora

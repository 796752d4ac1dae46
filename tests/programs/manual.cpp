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
  for (size_t place = help.find("--"); place != help.npos; place = help.find("--", place + 2)) {
    const size_t line = help.rfind('\n', place) + 1;
    if (help.find_first_not_of(' ', line) != place && help.substr(line, place - line) != "  -h,") continue;
    options.insert(help.substr(place, help.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", place) - place));
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

/// Whether the machine has the program; says so where it has not.
bool installed(const std::string& program) {
  const bool there = std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
  if (!there) WARN("skipped: " + program + " is not installed");
  return there;
}

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
      CHECK_THAT(bash, test::Contains(option));
      CHECK_THAT(zsh, test::Contains(option));
      CHECK_THAT(fish, test::Contains(" -l " + option.substr(2)));
      for (size_t place = option.find('-'); place != option.npos; place = option.find('-', place + 2))
        option.insert(place, "\\");
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
  const auto offered = [&](const std::string& program, const std::string& words) {
    const std::string out = (folder / "out").string();
    write_file(folder / "c.bash",
               run(program, {"--completion", "bash"}).out + "COMP_WORDS=(" + program + " " + words +
                   ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_${COMP_WORDS[0]//-/_}\necho \"${COMPREPLY[@]}\" >'" + out +
                   "'\n");
    REQUIRE(std::system(("bash '" + (folder / "c.bash").string() + "'").c_str()) == 0);
    return read_file(out);
  };
  CHECK(offered("hyplora-data", "--exc") == "--exclude\n");
  CHECK(offered("hyplora-data", "--format c") == "chat csqa\n");
  CHECK(offered("hyplora-data", "'" + (folder / "c.b").string() + "'") == (folder / "c.bash").string() + "\n");
  CHECK(offered("hyplora-adapter", "merge --d") == "--dtype --device\n");
}

TEST_CASE("Fish completes options, choices and commands", "[programs]") {
  if (!installed("fish")) return;
  const test::TempFolder folder;
  const auto offered = [&](const std::string& program, const std::string& words) {
    write_file(folder / "c.fish", run(program, {"--completion", "fish"}).out + "complete -C '" + program + " " + words + "'\n");
    const std::string home = "env HOME='" + folder.path().string() + "' ";
    REQUIRE(std::system(
                (home + "fish -N '" + (folder / "c.fish").string() + "' >'" + (folder / "out").string() + "'").c_str()) == 0);
    std::istringstream lines(read_file(folder / "out"));
    std::set<std::string> found;
    for (std::string line; std::getline(lines, line);) found.insert(line.substr(0, line.find('\t')));
    return found;
  };
  using Words = std::set<std::string>;
  CHECK(offered("hyplora-data", "--exc") == Words{"--exclude"});
  CHECK(offered("hyplora-data", "--format c") == Words{"chat", "csqa"});
  CHECK(offered("hyplora-adapter", "") == Words{"convert", "inspect", "linearize", "merge", "report"});
  CHECK(offered("hyplora-adapter", "merge --d") == Words{"--device", "--dtype"});
}

/// A shell on a terminal of its own that completes the words and writes down what has become of them.
constexpr const char* zsh_session = R"(
zmodload zsh/zpty || exit
zpty -b shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell "finish() { zle complete-word; print -r -- \"\$BUFFER\" >$1/out; exit }; zle -N finish; bindkey '^X' finish"
zpty -w shell ": >$1/ready"
repeat 6000; do [[ -e $1/ready ]] && break; zpty -r -t shell; sleep 0.01; done
zpty -w -n shell "$2"$'\x18'
repeat 6000; do [[ -s $1/out ]] && break; zpty -r -t shell; sleep 0.01; done
)";

TEST_CASE("Zsh completes options, choices, commands and files", "[programs]") {
  if (!installed("zsh")) return;
  const auto completed = [](const std::string& words) {
    const test::TempFolder folder;
    write_file(folder / "session", zsh_session);
    write_file(folder / "rows.json", "");
    for (const std::string program : {"hyplora-data", "hyplora-adapter"})
      write_file(folder / ("_" + program), run(program, {"--completion", "zsh"}).out);
    const std::string command =
        "cd '" + folder.path().string() + "' && zsh -f session \"$PWD\" '" + words + "' >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    REQUIRE(fs::exists(folder / "out"));
    return read_file(folder / "out");
  };
  CHECK(completed("hyplora-data --exc") == "hyplora-data --exclude \n");
  CHECK(completed("hyplora-data --format cs") == "hyplora-data --format csqa \n");
  CHECK(completed("hyplora-data rows.j") == "hyplora-data rows.json \n");
  CHECK(completed("hyplora-adapter mer") == "hyplora-adapter merge \n");
  CHECK(completed("hyplora-adapter merge --dt") == "hyplora-adapter merge --dtype \n");
  CHECK(completed("hyplora-adapter --device cpu merge --dev") == "hyplora-adapter --device cpu merge --device \n");
}

TEST_CASE("An unknown shell is refused", "[programs]") {
  const test::Ran ran = run("hyplora-data", {"--completion", "tcsh"});
  CHECK(ran.status == 2);
  CHECK(ran.err == "error: --completion: found \"tcsh\", expected bash, zsh or fish.\n");
}

}  // namespace
}  // namespace hyplora

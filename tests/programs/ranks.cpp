// hyplora-eval in several processes: their launcher's variables by hand, and mpirun where there is one.
#include <unistd.h>

#include <memory>

#include "core/fields.h"
#include "programs/sentences.h"
#include "support/launch.h"

namespace hyplora {
namespace {

using test::holds_within;
using test::Launch;

using Words = std::vector<std::string>;
constexpr double patience = 60;  // seconds

const std::string bundled = test::in_source("data/model").string();
const std::string problems = test::in_source("data/word_problems.json").string();

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words arguments(const fs::path& output, const Words& more = {}) {
  const Words words{"--threads",        "1",  "--model",      bundled, "--data",   problems,       "--limit", "60",
                    "--max-new-tokens", "16", "--batch-size", "2",     "--output", output.string()};
  return with(words, more);
}

/// So many processes with torchrun's variables.
class Ranks {
 public:
  Ranks(int size, const Words& words, const std::map<std::string, std::string>& more = {}) {
    const std::string port = std::to_string(test::free_port());
    for (int rank = 0; rank < size; ++rank) {
      std::map<std::string, std::string> environment{{"RANK", std::to_string(rank)},
                                                     {"LOCAL_RANK", std::to_string(rank)},
                                                     {"WORLD_SIZE", std::to_string(size)},
                                                     {"MASTER_ADDR", "127.0.0.1"},
                                                     {"MASTER_PORT", port}};
      environment.insert(more.begin(), more.end());
      launches_.push_back(std::make_unique<Launch>("hyplora-eval", words, test::LaunchOptions{environment, 0, false}));
    }
  }

  void signal(int rank, int number) const { launches_[static_cast<size_t>(rank)]->signal(number); }
  bool ends_within(int rank, double seconds) const { return launches_[static_cast<size_t>(rank)]->ends_within(seconds); }

  void signal(int number) const {
    for (const auto& launch : launches_) launch->signal(number);
  }

  /// Each one's exit status.
  std::vector<int> wait() const {
    std::vector<int> all;
    for (const auto& launch : launches_) all.push_back(launch->wait());
    return all;
  }

  std::string errors() const {
    std::string all;
    for (const auto& launch : launches_) all += launch->errors();
    return all;
  }

 private:
  std::vector<std::unique_ptr<Launch>> launches_;
};

void check_same_results(const fs::path& one, const fs::path& other, const char* benchmark) {
  const Json a = read_json(one / "results.json"), b = read_json(other / "results.json");
  CHECK(a["n"] == b["n"]);
  if (a.contains("loss")) {
    CHECK(a["loss"].get<double>() == Approx(b["loss"].get<double>()).epsilon(1e-6));
    CHECK(a["tokens"] == b["tokens"]);
  } else {
    CHECK(a["accuracy"] == b["accuracy"]);
    CHECK(read_file(one / (std::string(benchmark) + ".json")) == read_file(other / (std::string(benchmark) + ".json")));
  }
  for (const auto& entry : fs::directory_iterator(other)) CHECK_THAT(entry.path().string(), !test::Contains("progress"));
}

size_t rows_in_progress(const fs::path& folder) {
  size_t rows = 0;
  if (!fs::exists(folder)) return 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().string().ends_with(".jsonl")) continue;
    const std::string text = read_file(entry.path());
    rows += static_cast<size_t>(std::max<std::ptrdiff_t>(std::count(text.begin(), text.end(), '\n') - 1, 0));
  }
  return rows;
}

TEST_CASE("Processes share the rows and write what one process writes", "[programs]") {
  const test::TempFolder place;
  for (const Words& kind : {Words{}, Words{"--benchmark", "loss"}}) {
    const fs::path one = place / ("one" + std::to_string(kind.size())), three = place / ("three" + std::to_string(kind.size()));
    REQUIRE(test::run("hyplora-eval", arguments(one, kind)).status == 0);
    const Ranks ranks(3, arguments(three, kind));
    CHECK(ranks.wait() == std::vector<int>{0, 0, 0});
    INFO(ranks.errors());
    check_same_results(one, three, "word_problems");
    const Json entry = read_json(three / "results.json");
    CHECK(entry["settings"]["processes"] == 3);
    CHECK(entry["rows_computed"] == 60);
  }
}

TEST_CASE("Processes that were killed or stopped go on where they were, in any number", "[programs]") {
  const test::TempFolder place;
  const fs::path one = place / "one", parts = place / "parts";
  const Words more{"--resume"};
  REQUIRE(test::run("hyplora-eval", arguments(one)).status == 0);
  for (const int number : {SIGKILL, SIGTERM}) {
    const Ranks ranks(number == SIGKILL ? 3 : 2, arguments(parts, more));
    const size_t before = rows_in_progress(parts);
    REQUIRE(holds_within(patience, [&] { return rows_in_progress(parts) >= before + 6; }));
    ranks.signal(number);
    const int status = number == SIGKILL ? 128 + SIGKILL : 75;
    for (const int ended : ranks.wait()) CHECK(ended == status);
    CHECK_FALSE(fs::exists(parts / "results.json"));
  }
  const size_t kept = rows_in_progress(parts);
  REQUIRE(test::run("hyplora-eval", arguments(parts, more)).status == 0);
  check_same_results(one, parts, "word_problems");
  CHECK(read_json(parts / "results.json")["rows_computed"].get<size_t>() >= 60 - kept);
  const Ranks again(2, arguments(parts, more));  // nothing is left to do
  CHECK(again.wait() == std::vector<int>{0, 0});
  check_same_results(one, parts, "word_problems");
}

TEST_CASE("A process whose input is bad ends the others too", "[programs]") {
  const test::TempFolder place;
  const Ranks ranks(2, arguments(place / "out", {"--benchmark", "no such"}));
  for (const int status : ranks.wait()) CHECK((status == 1 || status == 2));
  CHECK_THAT(ranks.errors(), test::Contains("no such"));
}

/// Rows that are deep in their work: the others have ended theirs and wait.
TEST_CASE("A rank that is killed while the others wait for it is missed; --resume then ends the run", "[programs]") {
  const test::TempFolder place;
  const fs::path one = place / "one";
  REQUIRE(test::run("hyplora-eval", arguments(one)).status == 0);
  for (const int victim : {0, 1}) {
    const fs::path parts = place / ("parts" + std::to_string(victim));
    const Ranks ranks(2, arguments(parts, {"--resume"}));
    REQUIRE(holds_within(patience, [&] { return rows_in_progress(parts) >= 6; }));
    ranks.signal(victim, SIGSTOP);  // so that the other comes to wait
    REQUIRE(holds_within(patience, [&] { return rows_in_progress(parts) >= 30; }));
    ranks.signal(victim, SIGKILL);
    INFO(ranks.errors());
    CHECK(ranks.wait()[static_cast<size_t>(1 - victim)] == 1);
    CHECK_THAT(ranks.errors(), test::Contains(victim == 0 ? "cannot be reached" : "rank 1 (process "));
    REQUIRE(test::run("hyplora-eval", arguments(parts, {"--resume"})).status == 0);
    check_same_results(one, parts, "word_problems");
  }
}

TEST_CASE("A rank that is silent for longer than the patience is told with its name", "[programs]") {
  const test::TempFolder place;
  const Ranks ranks(2, arguments(place / "out"), {{"HYPLORA_RANK_PATIENCE", "3"}});
  REQUIRE(holds_within(patience, [&] { return rows_in_progress(place / "out") >= 6; }));
  ranks.signal(1, SIGSTOP);
  REQUIRE(ranks.ends_within(0, patience));
  CHECK_THAT(ranks.errors(), test::Contains("rank 1 (process ") && test::Contains("was last heard "));
  ranks.signal(1, SIGKILL);
}

TEST_CASE("A rank that waits for one that does not answer hears a second signal at once", "[programs]") {
  const test::TempFolder place;
  const Ranks ranks(2, arguments(place / "out"));
  REQUIRE(holds_within(patience, [&] { return rows_in_progress(place / "out") >= 6; }));
  ranks.signal(1, SIGSTOP);
  REQUIRE(holds_within(patience, [&] { return rows_in_progress(place / "out") >= 30; }));
  ranks.signal(0, SIGTERM);
  CHECK_FALSE(ranks.ends_within(0, 1));
  ranks.signal(0, SIGTERM);
  REQUIRE(ranks.ends_within(0, 20));
  CHECK_THAT(ranks.errors(), test::Contains("stopped by a signal while waiting for rank 1"));
  ranks.signal(1, SIGKILL);
}

/// A program in two processes.
int status_under_mpirun(const Words& program, std::string& errors) {
  Words words{"--oversubscribe", "-n", "2"};
  if (::geteuid() == 0) words.insert(words.begin(), "--allow-run-as-root");
  Launch launch("/usr/bin/mpirun", with(words, program), {{{"OMPI_MCA_plm_rsh_agent", "false"}}, 0, false});
  const int status = launch.wait();
  errors = launch.errors();
  return status;
}

TEST_CASE("mpirun's processes share the rows", "[programs]") {
  std::string errors;
  if (!fs::exists("/usr/bin/mpirun") || status_under_mpirun({"true"}, errors) != 0) {
    WARN("skipped: mpirun cannot start processes here " << errors);
    return;
  }
  const test::TempFolder place;
  const std::string program = (test::programs() / "hyplora-eval").string();
  REQUIRE(test::run("hyplora-eval", arguments(place / "one")).status == 0);
  const int status = status_under_mpirun(with({program}, arguments(place / "two")), errors);
  INFO(errors);
  if (errors.find("this build has no MPI") != std::string::npos) {
    WARN("skipped: this build has no MPI");
    return;
  }
  REQUIRE(status == 0);
  check_same_results(place / "one", place / "two", "word_problems");
}

TEST_CASE("A launcher's variable that is no number is bad input", "[programs]") {
  Launch launch("hyplora-eval", {"--model", bundled, "--data", problems}, {{{"WORLD_SIZE", "many"}}, 0, false});
  CHECK(launch.wait() == 2);
  CHECK(launch.errors() == "error: environment variable WORLD_SIZE: found \"many\", expected a number from 1 to 1048576.\n");
}

}  // namespace
}  // namespace hyplora

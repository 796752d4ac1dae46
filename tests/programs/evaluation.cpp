// hyplora-eval and hyplora-generate as a user meets them: whole runs, kills and signals, chats, and bad input.
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "core/fields.h"
#include "programs/sentences.h"
#include "support/launch.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::holds_within;
using test::Launch;
using test::Ran;
using test::run;

const std::string bundled = test::in_source("data/model").string();
const std::string problems = test::in_source("data/word_problems.json").string();

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

size_t lines_of(const fs::path& path) {
  if (!fs::exists(path)) return 0;
  const std::string text = read_file(path);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Waits until the file has so many lines or the program has ended.
void wait_for_lines(Launch& launch, const fs::path& path, size_t lines) {
  REQUIRE(holds_within(60, [&] { return lines_of(path) >= lines || launch.ends_within(0); }));
}

TEST_CASE("Completions made elsewhere are judged without a model, a line for each", "[programs]") {
  const test::TempFolder place;
  const std::string file = (place / "made.jsonl").string();
  const std::string good = R"({"benchmark": "gsm8k", "answer": "72", "output": "The answer is 72."})";
  write_file(file, good + "\n" + good + "\n");
  const Ran ran = run("hyplora-eval", {"--score", file});
  INFO(ran.err);
  CHECK(ran.status == 0);
  const std::string verdict = R"({"pred":"72","correct":true,"pred_strict":"72","correct_strict":true})";
  CHECK(ran.out == verdict + "\n" + verdict + "\n");
  write_file(file, good + "\n{}\n");
  const Ran refused = run("hyplora-eval", {"--score", file});
  CHECK(refused.out == "");
  check_sentence(refused, 2, "made.jsonl: line 2");
}

TEST_CASE("All shared benchmark files are scored in one call, on slices", "[programs]") {
  const auto model = test::shared("models/stories260K"), data = test::shared("data/eval");
  if (!model || !data) return;
  const test::TempFolder out;
  const Ran ran = run("hyplora-eval", {"--model", model->string(), "--data", data->string(), "--limit", "3", "--max-new-tokens",
                                       "8", "--over-length", "truncate", "--output", out.path().string()});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  const Json results = read_json(out / "results.json")["results"];
  std::set<std::string> benchmarks;
  for (const Json& entry : results) {
    benchmarks.insert(entry["benchmark"].get<std::string>());
    CHECK(entry["n"] == 3);
    CHECK(entry["rows_per_second"].get<double>() > 0);
    CHECK(read_json(out / (entry["benchmark"].get<std::string>() + ".json")).size() == 3);
    CHECK_THAT(ran.out, test::Contains(entry["benchmark"].get<std::string>()));
  }
  CHECK(benchmarks.size() == results.size());
  CHECK(results.size() == static_cast<size_t>(std::distance(fs::directory_iterator(*data), fs::directory_iterator())));
  CHECK_THAT(read_file(out / "report.html"), test::Contains("<svg"));
}

TEST_CASE("A run that is killed several times and resumed has the records of one that was not", "[programs]") {
  const test::TempFolder place;
  const std::vector<std::string> arguments{"--threads", "1",       "--model",          bundled, "--data",       problems,
                                           "--limit",   "120",     "--max-new-tokens", "24",    "--batch-size", "2",
                                           "--resume",  "--output"};
  REQUIRE(run("hyplora-eval", with(arguments, {(place / "whole").string()})).status == 0);
  const auto again = with(arguments, {(place / "killed").string()});
  const fs::path progress = place / "killed/word_problems.progress.jsonl";
  for (const size_t lines : {4, 11, 12, 25}) {
    Launch launch("hyplora-eval", again);
    wait_for_lines(launch, progress, lines);
    launch.signal(SIGKILL);
    REQUIRE(launch.wait() == 128 + SIGKILL);
    CHECK_FALSE(fs::exists(place / "killed/results.json"));
  }
  const size_t kept = lines_of(progress) - 1;
  const Ran last = run("hyplora-eval", again);
  REQUIRE(last.status == 0);
  CHECK(read_file(place / "killed/word_problems.json") == read_file(place / "whole/word_problems.json"));
  const Json entry = read_json(place / "killed/results.json");
  CHECK(entry["rows_computed"].get<size_t>() + kept == 120);
  CHECK(entry["accuracy"] == read_json(place / "whole/results.json")["accuracy"]);
}

TEST_CASE("SIGTERM ends an evaluation with 75 and keeps what is done", "[programs]") {
  const test::TempFolder place;
  const std::vector<std::string> arguments{
      "--threads", "1", "--model", bundled, "--data", problems, "--max-new-tokens", "24", "--output", (place / "out").string()};
  const fs::path progress = place / "out/word_problems.progress.jsonl";
  Launch launch("hyplora-eval", arguments);
  wait_for_lines(launch, progress, 3);
  launch.signal(SIGTERM);
  CHECK(launch.wait() == 75);
  CHECK(lines_of(progress) >= 3);
  CHECK_THAT(launch.errors(), test::Contains("the same command with --resume goes on"));
}

TEST_CASE("Without a terminal progress is a plain line each tenth, with accuracy, speed and time to go", "[programs]") {
  const Ran ran = run("hyplora-eval", {"--model", bundled, "--data", problems, "--limit", "40", "--max-new-tokens", "4"});
  REQUIRE(ran.status == 0);
  size_t lines = 0;
  for (size_t position = ran.err.find("rows/s  ETA"); position != std::string::npos;
       position = ran.err.find("rows/s  ETA", position + 1))
    ++lines;
  CHECK(lines == 10);
  CHECK_THAT(ran.err, test::Contains("% right"));
  CHECK_THAT(ran.err, test::Contains("40 rows (0 done before"));
  CHECK_THAT(ran.err, test::Contains("keys and values at most"));
  CHECK(ran.err.find('\r') == std::string::npos);
  CHECK(run("hyplora-eval", {"--quiet", "--model", bundled, "--data", problems, "--limit", "2", "--max-new-tokens", "4"})
            .err.empty());
}

TEST_CASE("A config file has the options' names; the command line wins", "[programs]") {
  const test::TempFolder place;
  const auto config = [&](const std::string& text) {
    write_file(place / "c.json", text);
    return run("hyplora-eval", {"--config", (place / "c.json").string(), "--limit", "2"});
  };
  const Json good{{"model", bundled}, {"data", problems},
                  {"limit", 5},       {"max_new_tokens", 4},
                  {"quiet", true},    {"adapter", {"none"}},
                  {"beams", 2},       {"early_stopping", true},
                  {"stop", "###"},    {"output", (place / "out").string()}};
  REQUIRE(config(good.dump()).status == 0);
  const Json entry = read_json(place / "out/results.json");
  CHECK(entry["n"] == 2);
  CHECK(entry["settings"]["max_new_tokens"] == 4);
  CHECK(entry["settings"]["early_stopping"] == true);
  CHECK(entry["settings"]["stop"] == Json{"###"});
  check_sentence(config(R"({"max_new_token": 3})"), 2,
                 "unknown key \"max_new_token\"; the nearest known key is \"max_new_tokens\"");
  check_sentence(config(R"({"max_new_tokens": "3"})"), 2, "key \"max_new_tokens\": found \"3\" (string), expected integer");
  check_sentence(config(R"({"resume": 1})"), 2, "key \"resume\": found 1 (number), expected boolean");
  check_sentence(config(R"({"model": ["a"]})"), 2, "key \"model\": found [\"a\"] (array), expected string");
  check_sentence(config(R"({"batch_size": 0})"), 2, "key \"batch_size\": found 0, expected a number from 1 to 65536");
  check_sentence(config("[]"), 2, "found array, expected a JSON object");
  check_sentence(config("{"), 2, "c.json: line 1");
  check_sentence(run("hyplora-eval", {"--config", (place / "none.json").string()}), 2, "none.json");
}

TEST_CASE("Bad benchmarks and rows are one sentence with the row and exit code 2, and leave earlier results", "[programs]") {
  const test::TempFolder place;
  const std::string data = (place / "gsm8k.json").string(), out = (place / "out").string();
  using Options = std::map<std::string, std::string>;
  const auto score = [&](const std::string& rows, const Options& changed = {}, const std::vector<std::string>& flags = {}) {
    write_file(data, rows);
    Options options = changed;
    options.insert({{"--model", bundled}, {"--data", data}, {"--max-new-tokens", "4"}, {"--output", out}});
    std::vector<std::string> arguments = flags;
    for (const auto& [name, value] : options) arguments.insert(arguments.end(), {name, value});
    return run("hyplora-eval", arguments);
  };
  const std::string good = R"([{"instruction": "1 + 1?", "output": "", "answer": "2"}])";
  REQUIRE(score(good).status == 0);
  const std::string before = read_file(place / "out/gsm8k.json");
  check_sentence(score(good, {{"--benchmark", "gsm9k"}}), 2, "the nearest is \"gsm8k\"");
  check_sentence(score(""), 2, "the file is empty");
  check_sentence(score("[]"), 2, "found no rows");
  check_sentence(score("[{\"question\": \"a\"}]"), 2, "row 1: key \"instruction\" is missing");
  check_sentence(score("[3]"), 2, "row 1: found number, expected an object");
  check_sentence(score(R"([{"instruction": "a", "output": "", "answer": "1"}, {"instruction": "a", "output": ""}])"), 2,
                 "row 2: key \"answer\": found nothing, expected a number");
  check_sentence(score(Json::array({{{"instruction", std::string(3000, 'x')}, {"output", ""}, {"answer", "1"}}}).dump()), 2,
                 "row 1: its prompt has");
  check_sentence(score(good, {{"--max-new-tokens", "5"}}, {"--resume"}), 2, "settings/max_new_tokens was 4, now it is 5");
  check_sentence(score(good, {{"--adapter", (place / "gone").string()}}), 2, "gone: is not a folder");
  check_sentence(score(good, {{"--model", (place / "gone").string()}}), 2, "gone");
  check_sentence(score(good, {{"--output", "/proc/nowhere"}}), 2, "/proc/nowhere");
  check_sentence(score(good, {{"--data", (place / "gone.json").string()}}), 2, "gone.json");
  check_sentence(score(good, {{"--data", out}, {"--benchmark", "gsm8k"}}), 2, "row 1");
  check_sentence(score(good, {{"--over-length", "drop"}}), 2, "--over-length: found \"drop\", expected one of error, truncate");
  fs::create_directory(place / "ia3");
  write_file(place / "ia3/adapter_config.json", R"({"peft_type": "IA3"})");
  check_sentence(score(good, {{"--adapter", (place / "ia3").string()}}), 2,
                 "peft_type: found \"IA3\", expected one of HYPLORA, LORA, BOTTLENECK, PREFIX_TUNING");
  fs::create_directory(place / "wide");
  write_file(place / "wide/adapter_config.json", R"({"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]})");
  const std::string module = "base_model.model.model.layers.0.self_attn.q_proj";
  NamedTensors weights;
  for (int layer = 0; layer < 4; ++layer) {
    const std::string name = fmt::format("base_model.model.model.layers.{}.self_attn.q_proj", layer);
    weights.push_back(
        {name + ".lora_A.weight", at::Tensor(test::small_model(3).named_weights()[0].second.narrow(0, 0, 2).clone())});
    weights.push_back(
        {name + ".lora_B.weight", at::Tensor(test::small_model(3).named_weights()[0].second.narrow(1, 0, 2).clone())});
  }
  write_safetensors(place / "wide/adapter_model.safetensors", weights);
  check_sentence(score(good, {{"--adapter", (place / "wide").string()}}), 2,
                 module + ".lora_A.weight: found shape [2, 32], expected [2, 128]");
  CHECK(read_file(place / "out/gsm8k.json") == before);
}

TEST_CASE("Prompts that do not fit are cut when asked for, counted and told", "[programs]") {
  const test::TempFolder place;
  write_file(place / "gsm8k.json",
             Json::array({{{"instruction", std::string(3000, 'x')}, {"output", ""}, {"answer", "1"}}}).dump());
  const Ran ran = run("hyplora-eval", {"--model", bundled, "--data", (place / "gsm8k.json").string(), "--max-new-tokens", "4",
                                       "--over-length", "truncate", "--output", (place / "out").string()});
  REQUIRE(ran.status == 0);
  CHECK_THAT(ran.out, test::Contains("1 rows were cut from the left"));
  CHECK(read_json(place / "out/results.json")["truncated"] == 1);
  CHECK(read_json(place / "out/gsm8k.json")[0]["truncated"] == true);
}

TEST_CASE("The rows on which the two readings disagree are listed when asked for", "[programs]") {
  const test::TempFolder place;
  const Ran ran = run("hyplora-eval", {"--quiet", "--model", bundled, "--data", problems, "--limit", "30", "--max-new-tokens",
                                       "24", "--disagreements", "--output", place.path().string()});
  REQUIRE(ran.status == 0);
  const Json entry = read_json(place / "results.json"), records = read_json(place / "word_problems.json");
  size_t found = 0;
  for (size_t row = 0; row < records.size(); ++row) {
    if (records[row]["flag"] == records[row]["flag_strict"]) continue;
    ++found;
    CHECK_THAT(ran.out, test::Contains(fmt::format("row {}: answer", row + 1)));
  }
  CHECK(entry["disagreement_rows"].size() == found);
}

TEST_CASE("A completion ends before a stop string, and the n best of a beam search come with scores", "[programs]") {
  const std::vector<std::string> prompt{"--model", bundled, "--prompt", "2 + 3 =", "--max-new-tokens", "16"};
  const std::string whole = run("hyplora-generate", prompt).out;
  REQUIRE(whole.size() > 12);
  const std::string stop = whole.substr(6, 3);
  CHECK(run("hyplora-generate", with(prompt, {"--stop", stop})).out == whole.substr(0, whole.find(stop)) + "\n");
  const Ran best = run("hyplora-generate", with(prompt, {"--beams", "3", "--best", "3", "--scores", "--output-ids"}));
  REQUIRE(best.status == 0);
  CHECK(std::count(best.out.begin(), best.out.end(), '\n') == 3);
  CHECK(std::count(best.out.begin(), best.out.end(), '\t') == 3);
  CHECK(std::strtod(best.out.c_str(), nullptr) >= std::strtod(best.out.c_str() + best.out.find('\n'), nullptr));
  check_sentence(run("hyplora-generate", with(prompt, {"--scores"})), 2, "--scores");
  check_sentence(run("hyplora-generate", with(prompt, {"--best", "2"})), 2, "best: found 2");
  check_sentence(run("hyplora-generate", with(prompt, {"--stop", ""})), 2, "--stop");
  check_sentence(run("hyplora-generate", {"--model", bundled}), 2, "which needs a terminal");
}

const std::string ctrl_c = "\x03";

/// Whether it is time to type the line: the program asked for it, or, for Ctrl-C, begins to answer the one before.
bool is_time_for(const std::string& line, const std::string& shown, size_t& seen) {
  const std::string sign = line == ctrl_c ? "\r\n" : "> ";
  const size_t place = shown.find(sign, seen);
  if (place == std::string::npos || (line == ctrl_c && shown.size() < place + 4)) return false;
  seen = place + sign.size();
  return true;
}

/// Runs a program on a terminal of its own, types the lines one after another, each when it is time, and returns all that it
/// showed.
std::string on_a_terminal(const std::string& program, const std::vector<std::string>& arguments,
                          const std::vector<std::string>& lines) {
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    std::string path = (test::programs() / program).string();
    std::vector<std::string> copies = arguments;
    std::vector<char*> argv{path.data()};
    for (auto& argument : copies) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  std::string shown;
  size_t typed = 0, seen = 0;
  char buffer[4096];
  for (ssize_t got; (got = ::read(terminal, buffer, sizeof buffer)) > 0;) {
    shown.append(buffer, static_cast<size_t>(got));
    if (typed >= lines.size() || !is_time_for(lines[typed], shown, seen)) continue;
    const std::string line = lines[typed++];
    if (::write(terminal, line.data(), line.size()) < 0) break;
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return shown;
}

TEST_CASE("On a terminal without a prompt there is a chat; with one the completion streams", "[programs]") {
  const std::vector<std::string> options{"--quiet", "--model", bundled, "--max-new-tokens", "24"};
  const std::string chat =
      on_a_terminal("hyplora-generate", options, {"Tom has 7 apples.\n", "/reset\n", "Tom has 7 apples.\n", "\x04"});
  INFO(chat);
  size_t asked = 0;
  for (size_t position = chat.find("\n> "); position != std::string::npos; position = chat.find("\n> ", position + 1)) ++asked;
  CHECK(asked == 4);
  const std::string said = "Tom has 7 apples.\r\n";
  const size_t first = chat.find(said), second = chat.rfind(said);
  REQUIRE(first != std::string::npos);
  REQUIRE(second != first);
  const auto answer = [&](size_t position) {
    return chat.substr(position + said.size(), chat.find("\r\n> ", position + said.size()) - position - said.size());
  };
  CHECK(answer(first) == answer(second));  // nothing of the first turn was left
  CHECK_FALSE(answer(first).empty());
  const std::vector<std::string> prompt = with(options, {"--prompt", "Tom has 7"});
  std::string streamed = on_a_terminal("hyplora-generate", prompt, {});
  std::erase(streamed, '\r');
  CHECK(streamed == run("hyplora-generate", prompt).out);
}

TEST_CASE("Ctrl-C ends an answer of a chat, not the chat", "[programs]") {
  const test::TempFolder folder;
  const fs::path model = folder / "model";
  fs::copy(bundled, model);
  Json config = read_json(model / "config.json");
  config["max_position_embeddings"] = 1 << 20;  // an answer for hours
  write_file(model / "config.json", config.dump());
  const std::string shown =
      on_a_terminal("hyplora-generate", {"--quiet", "--model", model.string(), "--max-new-tokens", "500000", "--ignore-eos"},
                    {"Tom has 7 apples.\n", ctrl_c, "/reset\n", "\x04"});
  CHECK_THAT(shown, test::Contains("^C"));
  CHECK_THAT(shown, test::Contains("/reset"));
}

}  // namespace
}  // namespace hyplora

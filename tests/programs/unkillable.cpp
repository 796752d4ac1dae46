// Training that is killed, stopped, starved of disk and robbed of its folder: whatever happens, the next launch goes on, and in
// the end metrics and weights are those of a run that nothing happened to.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <random>

#include "adapter/adapter.h"
#include "support/launch.h"
#include "train/metrics.h"

namespace hyplora {
namespace {

using test::holds_within;
using test::Launch;
using test::LaunchOptions;

/// A folder with a small model, rows and a config of many short steps.
class Place {
 public:
  Place() {
    fs::create_directory(folder_ / "base");
    write_file(
        at("base/config.json"),
        R"({"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"eos_token_id":2,
                   "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"max_position_embeddings":128,"rms_norm_eps":1e-6})");
    write_safetensors(at("base/model.safetensors"), test::small_model(3).named_weights());
    write_rows(40, 5);
  }

  void write_rows(int count, int length) const {
    std::string rows;
    for (int i = 0; i < count; ++i) {
      Json ids = Json::array();
      for (int t = 0; t < length + i % 7; ++t) ids.push_back((i + 3 * t) % 60 + 3);
      rows += Json{{"input_ids", ids}}.dump() + "\n";
    }
    write_file(at("rows.jsonl"), rows);
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// The arguments of a run into the folder `out`.
  std::vector<std::string> arguments(const std::string& out, const Json& changes = Json::object(),
                                     const std::vector<std::string>& more = {}) const {
    Json config{{"base_model", at("base")}, {"data_path", at("rows.jsonl")},
                {"output_dir", at(out)},    {"lora_r", 4},
                {"lora_dropout", 0.1},      {"batch_size", 4},
                {"micro_batch_size", 2},    {"num_epochs", 3},
                {"warmup_steps", 2},        {"learning_rate", 0.01},
                {"val_set_size", 8},        {"eval_step", 5},
                {"save_step", 3},           {"save_total_limit", 2}};
    config.update(changes);
    write_file(at(out + ".json"), config.dump());
    std::vector<std::string> words{"--config", at(out + ".json"), "--threads", "1", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  int run(const std::string& out, const Json& changes = Json::object(), const LaunchOptions& options = {}) const {
    Launch launch("hyplora-train", arguments(out, changes), options);
    return launch.wait();
  }

  /// Lines of steps and validations, events included, without what tells times and memory.
  std::vector<Json> lasting(const std::string& out) const {
    std::vector<Json> lines = read_metrics(at(out + "/metrics.jsonl"));
    for (Json& line : lines) {
      for (const char* key : {"step_seconds", "tokens_per_second", "peak_memory_bytes", "seconds"}) line.erase(key);
    }
    return lines;
  }

  size_t lines(const std::string& out) const { return read_metrics(at(out + "/metrics.jsonl")).size(); }

  void check_same(const std::string& whole, const std::string& parts) const {
    INFO(parts);
    CHECK(read_file(at(whole + "/adapter_model.safetensors")) == read_file(at(parts + "/adapter_model.safetensors")));
    CHECK(lasting(whole) == lasting(parts));
    for (const auto& entry : fs::recursive_directory_iterator(at(parts))) {
      INFO(entry.path().string());
      CHECK_FALSE(entry.path().string().ends_with(".partial"));
    }
  }

 private:
  test::TempFolder folder_;
};

LaunchOptions fault(const std::string& text) {
  return {
      {{"LD_PRELOAD", HYPLORA_FAULTS}, {"HYPLORA_FAULT", text}, {"ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0"}},
      0,
      false};
}

/// Recipes whose state between two steps is as different as it gets.
const std::vector<Json>& recipes() {
  static const std::vector<Json> all{
      Json{{"early_stopping_patience", 2}, {"adapter", "hyplora"}},
      Json{{"packing", true},
           {"cutoff_len", 24},
           {"gradient_checkpointing", true},
           {"adapter", "lora"},
           {"loss_normalization", "microbatch"}},
      Json{{"group_by_length", true},
           {"hyplora_variant", "release"},
           {"skip_spikes", true},
           {"lr_scheduler", "cosine"},
           {"weight_decay", 0.1}},
  };
  return all;
}

void check_one_sentence(const std::string& errors, const std::string& part) {
  INFO("stderr: " << errors);
  CHECK(errors.starts_with("error: "));
  CHECK(errors.find(part) != std::string::npos);
  CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

constexpr double patience = 60;  // seconds that a busy machine may take for what takes one

TEST_CASE("Runs killed at random moments end as if nothing had happened", "[unkillable]") {
  const Place place;
  std::mt19937 random(7);
  int kills = 0;
  for (size_t recipe = 0; recipe < recipes().size(); ++recipe) {
    const std::string whole = fmt::format("whole{}", recipe), parts = fmt::format("parts{}", recipe);
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(place.run(whole, recipes()[recipe]) == 0);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (int chain = 0, of_recipe = 0; of_recipe < 8; ++chain) {
      const std::string out = fmt::format("{}-{}", parts, chain);
      for (bool ended = false; !ended;) {
        Launch launch("hyplora-train", place.arguments(out, recipes()[recipe]));
        const bool enough = of_recipe >= 8;
        if (!launch.ends_within(enough ? patience : seconds * std::uniform_real_distribution<>(0.1, 1.1)(random)))
          launch.signal(SIGKILL);
        const int status = launch.wait();
        ended = status == 0;  // also where it ended between the last look and the signal
        kills += !ended, of_recipe += !ended;
        INFO(launch.errors());
        REQUIRE((ended || status == 128 + SIGKILL));
      }
      place.check_same(whole, out);
    }
  }
  CHECK(kills >= 24);
}

TEST_CASE("Runs killed at any change of the file system, most of them inside a save, end as if nothing had happened",
          "[unkillable]") {
  const Place place;
  const Json recipe{{"num_epochs", 1}, {"tensorboard", false}, {"save_step", 2}, {"eval_step", 3}};
  REQUIRE(place.run("whole", recipe) == 0);
  std::mt19937 random(11);
  int chain = 0;
  for (int kills = 0; kills < 32; ++chain) {
    const std::string out = fmt::format("parts{}", chain);
    for (bool ended = false; !ended;) {
      const int change = std::uniform_int_distribution<>(1, 250)(random);
      const int status = place.run(out, recipe, fault(fmt::format("kill:{}", change)));
      ended = status == 0;
      kills += !ended;
      INFO("change " << change);
      CHECK((ended || status == 128 + SIGKILL));
    }
    place.check_same("whole", out);
  }
}

TEST_CASE("SIGTERM, SIGUSR1, SIGINT and SIGHUP save the step they interrupt and exit with 75", "[unkillable]") {
  const Place place;
  const Json recipe{{"num_epochs", 8}, {"save_step", 1000}, {"eval_step", 7}};
  REQUIRE(place.run("whole", recipe) == 0);
  size_t wanted = 2;
  for (const int number : {SIGTERM, SIGUSR1, SIGINT, SIGHUP, SIGTERM}) {
    Launch launch("hyplora-train", place.arguments("parts", recipe));
    REQUIRE(holds_within(patience, [&] { return place.lines("parts") >= wanted || launch.ends_within(0); }));
    launch.signal(number);
    INFO("signal " << number << ", " << launch.errors());
    if (launch.wait() == 0) break;  // it came after the last step
    CHECK(launch.wait() == 75);
    const auto lines = read_metrics(place.at("parts/metrics.jsonl"));
    CHECK(fs::exists(place.at("parts/latest/COMPLETE")));
    CHECK(read_json(place.at("parts/latest/trainer_state.json"))["step"] == lines.back()["step"]);
    wanted = lines.size() + 6;
  }
  REQUIRE(place.run("parts", recipe) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("A stop while rows are tokenised exits with 75", "[unkillable]") {
  const test::TempFolder folder;
  std::string rows;
  for (int i = 0; i < 60000; ++i)
    rows += Json{{"instruction", fmt::format("Count to {} and on", i)}, {"output", "one two three"}}.dump() + "\n";
  write_file(folder / "rows.jsonl", rows);
  const Json config{{"base_model", std::string(HYPLORA_SOURCE) + "/data/model"},
                    {"data_path", (folder / "rows.jsonl").string()},
                    {"output_dir", (folder / "out").string()}};
  write_file(folder / "c.json", config.dump());
  Launch launch("hyplora-train", {"--config", (folder / "c.json").string(), "--threads", "1"});
  REQUIRE(holds_within(patience, [&] { return launch.catches(SIGTERM); }));
  launch.ends_within(0.2);  // into the rows
  launch.signal(SIGTERM);
  CHECK(launch.wait() == 75);
}

TEST_CASE("A second SIGINT ends the run in the middle of a step", "[unkillable]") {
  const Place place;
  place.write_rows(4000, 100);
  Launch launch("hyplora-train", place.arguments("out", {{"batch_size", 3000}, {"micro_batch_size", 30}}));
  REQUIRE(holds_within(patience, [&] { return place.lines("out") >= 1; }));
  launch.signal(SIGINT);
  REQUIRE(holds_within(patience, [&] { return !launch.catches(SIGINT); }));  // the first one has arrived
  launch.signal(SIGINT);
  CHECK(launch.wait() == 128 + SIGINT);
}

TEST_CASE("A run stops in time for max_hours and for the end of its Slurm job", "[unkillable]") {
  const Place place;
  const Json endless{{"max_steps", 1000000}, {"save_step", 1000000}, {"eval_step", 1000000}};
  Launch limited("hyplora-train", place.arguments("hours", endless, {"--max-hours", "0.0005"}));
  CHECK(limited.ends_within(patience));
  CHECK(limited.wait() == 75);
  CHECK(fs::exists(place.at("hours/latest/COMPLETE")));
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  Launch in_job("hyplora-train", place.arguments("hours", endless),
                {{{"SLURM_JOB_END_TIME", std::to_string(now + 12)}}, 0, false});
  CHECK(in_job.ends_within(patience));
  CHECK(in_job.wait() == 75);
  CHECK(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) <= now + 12);
}

TEST_CASE("A second run in the same folder refuses; a killed run's lock does not stay", "[unkillable]") {
  const Place place;
  const Json endless{{"max_steps", 1000000}, {"save_step", 20}};
  {
    Launch first("hyplora-train", place.arguments("out", endless));
    REQUIRE(holds_within(patience, [&] { return place.lines("out") >= 3; }));
    Launch second("hyplora-train", place.arguments("out", endless));
    CHECK(second.wait() == 2);
    CHECK(second.errors().find("output_dir " + place.at("out") + ": another run (process ") != std::string::npos);
    first.signal(SIGKILL);
    first.wait();
  }
  Launch third("hyplora-train", place.arguments("out", endless));
  REQUIRE(holds_within(patience, [&] { return read_metrics(place.at("out/launches.jsonl")).size() == 2; }));
  third.signal(SIGTERM);
  CHECK(third.wait() == 75);
}

TEST_CASE("A disk that fills up is exit code 1, and the next launch goes on", "[unkillable]") {
  const Place place;
  const Json recipe{{"num_epochs", 2}, {"tensorboard", false}};
  REQUIRE(place.run("whole", recipe) == 0);
  for (const int write : {2, 9, 17, 30, 44}) {
    const std::string out = fmt::format("parts{}", write);
    Launch full("hyplora-train", place.arguments(out, recipe), fault(fmt::format("full:{}", write)));
    CHECK(full.wait() == 1);
    INFO("full from write " << write << " on: " << full.errors());
    check_one_sentence(full.errors(), "No space left on device");
    REQUIRE(place.run(out, recipe) == 0);
    place.check_same("whole", out);
  }
}

TEST_CASE("Files that may not grow are exit code 1 with the file's name", "[unkillable]") {
  const Place place;
  Launch limited("hyplora-train", place.arguments("out"), {{}, 9000, false});
  CHECK(limited.wait() == 1);
  check_one_sentence(limited.errors(), "cannot be written: File too large");
}

TEST_CASE("A disk that takes few bytes at a time changes nothing", "[unkillable]") {
  const Place place;
  const Json recipe{{"num_epochs", 1}};
  REQUIRE(place.run("whole", recipe) == 0);
  REQUIRE(place.run("parts", recipe, fault("short:1000")) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("An output folder that vanishes is exit code 1 with a sentence", "[unkillable]") {
  const Place place;
  Launch launch("hyplora-train", place.arguments("out", {{"max_steps", 1000000}, {"save_step", 10}, {"eval_step", 1000000}}));
  REQUIRE(holds_within(patience, [&] { return place.lines("out") >= 3; }));
  fs::rename(place.at("out"), place.at("elsewhere"));
  CHECK(launch.wait() == 1);
  check_one_sentence(launch.errors(), place.at("out"));
}

TEST_CASE("A folder that may no longer be written is exit code 1 and keeps its checkpoints", "[unkillable]") {
  const Place place;
  const LaunchOptions nobody{{}, 0, ::geteuid() == 0};
  if (Launch("hyplora-train", {"--version"}, nobody).wait() != 0) {
    WARN("skipped: another user cannot run the program here");
    return;
  }
  fs::permissions(place.at("."), fs::perms::all);
  const Json endless{{"max_steps", 1000000}, {"save_step", 10}, {"eval_step", 1000000}};
  Launch launch("hyplora-train", place.arguments("out", endless), nobody);
  REQUIRE(holds_within(patience, [&] { return fs::exists(place.at("out/latest/COMPLETE")) || launch.ends_within(0); }));
  ::chmod(place.at("out").c_str(), 0555);
  CHECK(launch.wait() == 1);
  check_one_sentence(launch.errors(), "Permission denied");
  CHECK(fs::exists(place.at("out/latest/COMPLETE")));
  Launch again("hyplora-train", place.arguments("out", endless), nobody);
  CHECK(again.wait() == 2);
  CHECK(again.errors().find("not writable") != std::string::npos);
  ::chmod(place.at("out").c_str(), 0755);
}

TEST_CASE("Other data or another base on resume is refused with both hashes, and taken with --force-resume", "[unkillable]") {
  const Place place;
  const Json recipe{{"max_steps", 6}};
  const auto check_refused = [&](const std::string& what) {
    Launch refused("hyplora-train", place.arguments("out", recipe));
    CHECK(refused.wait() == 2);
    check_one_sentence(refused.errors(), "was saved with " + what + " of hash ");
    CHECK(refused.errors().find("--force-resume") != std::string::npos);
  };
  REQUIRE(place.run("out", recipe) == 0);
  write_safetensors(place.at("base/model.safetensors"), test::small_model(4).named_weights());
  check_refused("base weights");
  write_safetensors(place.at("base/model.safetensors"), test::small_model(3).named_weights());
  place.write_rows(41, 5);
  check_refused("data_path[0]");
  Launch forced("hyplora-train", place.arguments("out", recipe, {"--force-resume"}));
  CHECK(forced.wait() == 0);
}

}  // namespace
}  // namespace hyplora

// Training that is killed and stopped: whatever happens, the next launch goes on, and in the end metrics and weights are those
// of a run that nothing happened to.
#include <chrono>
#include <random>

#include "support/training_place.h"

namespace hyplora {
namespace {

using test::fault;
using test::holds_within;
using test::Launch;
using test::LaunchOptions;
using test::patience;
using test::TrainingPlace;

struct Recipe {
  Json changes;
  int kills;
};

/// Recipes whose state between two steps is as different as it gets.
std::vector<Recipe> recipes(const TrainingPlace& place) {
  const Json text{{"data_path", place.at("text.jsonl")}, {"prompt_template", "none"}};
  std::vector<Recipe> all{
      {{{"early_stopping_patience", 2}, {"adapter", "hyplora"}}, 3},
      {{{"packing", true},
        {"cutoff_len", 24},
        {"gradient_checkpointing", true},
        {"adapter", "lora"},
        {"loss_normalization", "microbatch"}},
       3},
      {{{"group_by_length", true},
        {"hyplora_variant", "release"},
        {"skip_spikes", true},
        {"lr_scheduler", "cosine"},
        {"weight_decay", 0.1}},
       3},
      {{{"hyplora_variant", "release"},
        {"train_curvature", true},
        {"curvature_learning_rate", 0.05},
        {"lr_scheduler", "wsd"},
        {"warmup_steps", 0},
        {"warmup_ratio", 0.2},
        {"packing", true},
        {"cutoff_len", 24},
        {"group_by_length", true},
        {"gradient_checkpointing", true},
        {"load_best_model_at_end", true},
        {"learning_rate", 0.1}},
       3},
      {{{"adapter", "dora"},
        {"use_rslora", true},
        {"rank_pattern", {{"q_proj", 2}, {"layers.1.mlp.up_proj", 6}}},
        {"weight_decay", 0.1},
        {"lr_scheduler", "cosine"},
        {"min_lr_ratio", 0.1}},
       2},
      {{{"adapter", "prefix"}, {"num_virtual_tokens", 3}}, 2},
      {{{"adapter", "full"}, {"learning_rate", 0.001}, {"adam_beta2", 0.95}, {"max_grad_norm", 0.5}}, 2},
      {{{"adapter", "series"}, {"dtype", "bfloat16"}, {"bottleneck_size", 6}}, 2},
      {{{"adapter", "parallel"}, {"dtype", "bfloat16"}, {"bottleneck_size", 6}, {"non_linearity", "relu"}}, 2},
      {{{"train_on_inputs", false}, {"deterministic", true}, {"loss_normalization", "microbatch"}}, 2},
  };
  all.back().changes.update(text);
  for (auto& [changes, kills] : all) {
    if (kills < 3) changes["num_epochs"] = 2;  // enough steps for so few
  }
  return all;
}

TEST_CASE("Runs killed at random moments end as if nothing had happened", "[unkillable]") {
  const TrainingPlace place;
  place.write_text(40);
  std::mt19937 random(7);
  size_t number = 0;
  for (const auto& [changes, wanted] : recipes(place)) {
    INFO(changes.dump());
    const std::string whole = fmt::format("whole{}", ++number);
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(place.run(whole, changes) == 0);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (int chain = 0, kills = 0; kills < wanted; ++chain) {
      const std::string out = fmt::format("parts{}-{}", number, chain);
      for (bool ended = false; !ended;) {
        Launch launch("hyplora-train", place.arguments(out, changes));
        const double until = kills < wanted ? seconds * std::uniform_real_distribution<>(0.2, 1.1)(random) : patience;
        if (!launch.ends_within(until)) launch.signal(SIGKILL);
        const int status = launch.wait();
        ended = status == 0;  // also where it ended between the last look and the signal
        kills += !ended;
        INFO(launch.errors());
        REQUIRE((ended || status == 128 + SIGKILL));
      }
      place.check_same(whole, out);
    }
  }
}

TEST_CASE("Runs killed at any change of the file system, most of them inside a save, end as if nothing had happened",
          "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"num_epochs", 1}, {"tensorboard", false}, {"save_step", 2}, {"eval_step", 3}};
  REQUIRE(place.run("whole", recipe) == 0);
  std::mt19937 random(11);
  int chain = 0;
  for (int kills = 0; kills < 24; ++chain) {
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
  const TrainingPlace place;
  const Json recipe{{"num_epochs", 8}, {"save_step", 1000}, {"eval_step", 7}};
  REQUIRE(place.run("whole", recipe) == 0);
  size_t wanted = 2;
  for (const int number : {SIGTERM, SIGUSR1, SIGINT, SIGHUP, SIGTERM}) {
    Launch launch("hyplora-train", place.arguments("parts", recipe));
    REQUIRE(holds_within(patience, [&] { return place.metrics("parts").size() >= wanted || launch.ends_within(0); }));
    launch.signal(number);
    INFO("signal " << number << ", " << launch.errors());
    if (launch.wait() == 0) break;  // it came after the last step
    CHECK(launch.wait() == 75);
    const auto lines = place.metrics("parts");
    CHECK(fs::exists(place.at("parts/latest/COMPLETE")));
    CHECK(read_json(place.at("parts/latest/trainer_state.json"))["step"] == lines.back()["step"]);
    wanted = lines.size() + 6;
  }
  REQUIRE(place.run("parts", recipe) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("SIGTERM at any point of a save lets the save end, exits with 75 and loses nothing", "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"num_epochs", 2}, {"save_step", 2}, {"tensorboard", false}};
  REQUIRE(place.run("whole", recipe) == 0);
  const std::vector<std::pair<int, std::string>> points{{2, ".checkpoint-2.partial"},
                                                        {4, ".checkpoint-4.partial/adapter_model.safetensors"},
                                                        {6, ".checkpoint-6.partial/optimizer.safetensors"},
                                                        {8, ".checkpoint-8.partial/trainer_state.json"},
                                                        {10, ".checkpoint-10.partial/COMPLETE"},
                                                        {12, "latest.partial"}};
  for (const auto& [step, point] : points) {
    INFO(point);
    CHECK(place.run("parts", recipe, fault("term:1:" + point)) == 75);
    const Json state = read_json(place.at("parts/latest/trainer_state.json"));
    if (point.starts_with(".checkpoint")) CHECK(state["step"] == step);
    CHECK(fs::exists(place.at("parts/latest/COMPLETE")));
    CHECK(place.metrics("parts").back()["step"] == state["step"]);
  }
  CHECK(place.run("parts", recipe, fault("term:1:.adapter.partial")) == 0);  // nothing was left to do
  place.check_same("whole", "parts");
}

TEST_CASE("SIGKILL and SIGTERM in a validation lose nothing", "[unkillable]") {
  const TrainingPlace place;
  place.write_rows(1208, 5);
  const Json recipe{{"val_set_size", 1200}, {"num_epochs", 2}, {"eval_step", 1}, {"save_step", 1}};
  REQUIRE(place.run("whole", recipe) == 0);
  int hits = 0, attempts = 0;
  for (int chain = 0; hits < 6; ++chain) {
    const std::string out = fmt::format("parts{}", chain);
    for (bool ended = false; !ended;) {
      REQUIRE(++attempts < 100);
      const size_t launches = place.launches(out);
      Launch launch("hyplora-train", place.arguments(out, recipe));
      const auto validates = [&] {  // the newest step has its line, its validation has not
        const auto lines = place.metrics(out);
        return place.launches(out) > launches && !lines.empty() && lines.back().contains("loss");
      };
      REQUIRE(holds_within(patience, [&] { return validates() || launch.ends_within(0); }));
      const int number = hits % 2 == 0 ? SIGKILL : SIGTERM;
      if (hits < 6) launch.signal(number);
      const int status = launch.wait();
      INFO(launch.errors());
      ended = status == 0;
      REQUIRE((ended || status == (number == SIGKILL ? 128 + SIGKILL : 75)));
      if (ended || !validates()) continue;  // it was through
      ++hits;
      if (number == SIGKILL) continue;
      const Json state = read_json(place.at(out + "/latest/trainer_state.json"));
      CHECK(state["step"] == place.metrics(out).back()["step"]);
      CHECK(state["evaluated_step"] < state["step"]);
    }
    place.check_same("whole", out);
  }
}

/// Sends the signals, each to a launch of its own that has read its rows and is about to tokenise them; how many came before
/// training began.
int hit_preparation(const TrainingPlace& place, const Json& recipe, const std::vector<int>& signals) {
  const auto rows = static_cast<int64_t>(fs::file_size(recipe["data_path"].get<std::string>()));
  int hits = 0;
  for (const int number : signals) {
    const size_t launches = place.launches("parts");
    Launch launch("hyplora-train", place.arguments("parts", recipe));
    REQUIRE(holds_within(patience,
                         [&] { return (launch.catches(SIGTERM) && launch.bytes_read() >= rows) || launch.ends_within(0); }));
    launch.signal(number);
    const int status = launch.wait();
    INFO("signal " << number << ", " << launch.errors());
    CHECK((status == 0 || status == (number == SIGKILL ? 128 + SIGKILL : 75)));
    hits += place.launches("parts") == launches;
  }
  return hits;
}

TEST_CASE("SIGKILL and SIGTERM while rows are prepared lose nothing, before the first step and later", "[unkillable]") {
  const TrainingPlace place;
  std::string rows;
  for (int i = 0; i < 25000; ++i)
    rows += Json{{"instruction", fmt::format("Count to {} and on", i)}, {"output", "one two three"}}.dump() + "\n";
  write_file(place.at("many.jsonl"), rows);
  const Json recipe{{"base_model", test::in_source("data/model").string()},
                    {"data_path", place.at("many.jsonl")},
                    {"max_steps", 4},
                    {"save_step", 1}};
  REQUIRE(place.run("whole", recipe) == 0);
  CHECK(hit_preparation(place, recipe, {SIGKILL, SIGTERM}) > 0);
  CHECK(place.run("parts", recipe, fault("term:1:.checkpoint-2.partial")) == 75);
  CHECK(hit_preparation(place, recipe, {SIGTERM, SIGKILL}) > 0);
  REQUIRE(place.run("parts", recipe) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("A second SIGINT ends the run in the middle of a step", "[unkillable]") {
  const TrainingPlace place;
  place.write_rows(4000, 100);
  Launch launch("hyplora-train", place.arguments("out", {{"batch_size", 3000}, {"micro_batch_size", 30}}));
  REQUIRE(holds_within(patience, [&] { return place.metrics("out").size() >= 1; }));
  launch.signal(SIGINT);
  REQUIRE(holds_within(patience, [&] { return !launch.catches(SIGINT); }));  // the first one has arrived
  launch.signal(SIGINT);
  CHECK(launch.wait() == 128 + SIGINT);
}

TEST_CASE("A run stops in time for max_hours and for the end of its Slurm job", "[unkillable]") {
  const TrainingPlace place;
  const Json endless{{"max_steps", 1000000}, {"save_step", 1000000}, {"eval_step", 1000000}};
  const auto begin = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  Launch limited("hyplora-train", place.arguments("hours", endless, {"--max-hours", "0.0005"}));
  CHECK(limited.ends_within(patience));
  CHECK(limited.wait() == 75);
  CHECK(fs::exists(place.at("hours/latest/COMPLETE")));
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto end = now + 8 + 2 * (now - begin);  // far enough for this machine to get going
  Launch in_job("hyplora-train", place.arguments("hours", endless), {{{"SLURM_JOB_END_TIME", std::to_string(end)}}, 0, false});
  CHECK(in_job.ends_within(static_cast<double>(end - now) + patience));
  CHECK(in_job.wait() == 75);
  CHECK(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) <= end);
}

TEST_CASE("A second run in the same folder refuses; a killed run's lock does not stay", "[unkillable]") {
  const TrainingPlace place;
  const Json endless{{"max_steps", 1000000}, {"save_step", 20}};
  {
    Launch first("hyplora-train", place.arguments("out", endless));
    REQUIRE(holds_within(patience, [&] { return place.metrics("out").size() >= 3; }));
    Launch second("hyplora-train", place.arguments("out", endless));
    CHECK(second.wait() == 2);
    CHECK_THAT(second.errors(), test::Contains(place.at("out") + ": another run (process "));
    first.signal(SIGKILL);
    first.wait();
  }
  Launch third("hyplora-train", place.arguments("out", endless));
  REQUIRE(holds_within(patience, [&] { return place.launches("out") == 2; }));
  third.signal(SIGTERM);
  CHECK(third.wait() == 75);
}

}  // namespace
}  // namespace hyplora

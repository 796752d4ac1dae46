// What a dry run promises: every refusal that a run would meet before its first step comes there, too.
#include <ATen/ops/ones.h>

#include "train/fingerprint.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::Contains;
using test::run;
using test::TrainingFolder;

void dry_run(const TrainOptions& options) {
  const TrainingSetup setup = prepare_training(options, at::kCPU);
  check_start(setup, Batches(setup.training.examples, setup.options));
}

/// The refusal of a dry run, which the run's own must equal.
std::string refusal(const TrainOptions& options) {
  const std::string dry = test::input_error([&] { dry_run(options); });
  CHECK(test::input_error([&] { run(options); }) == dry);
  return dry;
}

TEST_CASE("A dry run refuses a checkpoint whose tensors are not those of its config.json", "[train]") {
  const TrainingFolder place;
  Json config = read_json(place / "base/config.json");
  const Json whole = config;
  config["num_hidden_layers"] = 3;
  write_file(place / "base/config.json", config.dump());
  CHECK_THAT(refusal(place.options("out")), Contains("tensor model.layers.2."));
  config = whole;
  config["intermediate_size"] = 50;
  write_file(place / "base/config.json", config.dump());
  CHECK_THAT(refusal(place.options("out")), Contains("from config.json"));
  config["num_hidden_layers"] = 100'000'000;
  write_file(place / "base/config.json", config.dump());
  CHECK_THAT(refusal(place.options("out")), Contains("num_hidden_layers: found 100000000, expected 1 to 10000"));
}

TEST_CASE("A dry run refuses an init_adapter that does not fit and patterns that match nothing", "[train]") {
  const TrainingFolder place;
  run(place.options("first", {"lora_r=8"}));
  const std::string init = "init_adapter=" + (place / "first").string();
  CHECK_NOTHROW(dry_run(place.options("out", {"lora_r=8", init})));
  write_safetensors(place / "first/adapter_model.safetensors",
                    {{"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", at::ones({3, 32})}});
  CHECK_THAT(refusal(place.options("out", {"lora_r=8", init})), Contains("adapter_model.safetensors: tensor "));
  CHECK_THAT(refusal(place.options("out", {R"(rank_pattern={"qq_proj": 2})"})),
             Contains("rank_pattern: \"qq_proj\" matches no module"));
  CHECK_THAT(refusal(place.options("out", {R"(alpha_pattern={"layers.9.*": 2})"})), Contains("alpha_pattern"));
  CHECK_THAT(refusal(place.options("out", {R"(exclude_modules=["k_projj"])"})),
             Contains("exclude_modules: \"k_projj\" matches no module"));
}

TEST_CASE("What the run begins with may not lie among the checkpoints that it replaces", "[train]") {
  const TrainingFolder place;
  run(place.options("first"));
  for (const char* inner : {"first/latest", "first/best"})
    CHECK_THAT(refusal(place.options("first", {"init_adapter=" + (place / inner).string()})),
               Contains("among the checkpoints that the run replaces"));
  CHECK_NOTHROW(dry_run(place.options("second", {"init_adapter=" + (place / "first/latest").string()})));
}

TEST_CASE("A dry run refuses a checkpoint to resume that is not there, or is another run's", "[train]") {
  const TrainingFolder place;
  CHECK_THAT(refusal(place.options("out", {"resume_from_checkpoint=" + (place / "gone").string()})),
             Contains("is not a complete checkpoint"));
  run(place.options("out"));
  CHECK_NOTHROW(dry_run(place.options("out")));
  CHECK_THAT(refusal(place.options("out", {"learning_rate=0.02"})), Contains("learning_rate = 0.01"));
}

TEST_CASE("A state file with missing or wrong values is one sentence with file and key", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  const fs::path state = place / "out/checkpoint-16/trainer_state.json";
  const Json whole = read_json(state);
  const TrainOptions options = place.options("out");
  const Checkpoints checkpoints(options, run_identity(prepare_training(options, at::kCPU)));
  REQUIRE_NOTHROW(checkpoints.check_state(place / "out/checkpoint-16"));
  const auto check = [&](const Json& changed, const std::string& key) {
    write_file(state, changed.dump());
    INFO(changed.dump().substr(0, 200));
    const std::string said = test::input_error([&] { checkpoints.check_state(place / "out/checkpoint-16"); });
    CHECK_THAT(said, Contains(state.string()));
    CHECK_THAT(said, Contains(key));
  };
  for (const char* key : {"step", "best_loss", "best_step", "evaluated_step", "evaluations_without_gain", "seconds", "spikes",
                          "config", "fingerprint", "threads"}) {
    Json changed = whole;
    changed.erase(key);
    check(changed, key);
    for (const Json& value : {Json("x"), Json(true), Json::array({1}), Json(-1), Json(-1e300)}) {
      changed = whole;
      changed[key] = value;
      if (key == std::string("best_loss") && value.is_number()) continue;  // any number can be one
      if (key == std::string("threads") && value == -1) continue;          // it is only told
      check(changed, key);
    }
  }
  for (const Json& other : {Json(nullptr), Json::array(), Json("x")}) check(other, "object");
}

TEST_CASE("Another program's results.json below the output folder does not disturb a run's end", "[train]") {
  const TrainingFolder place;
  int number = 0;
  for (const char* text :
       {R"({"results": [{"accuracy": 0.5}]})", R"({"results": [{"benchmark": 3, "n": "x", "accuracy": 1}]})",
        "{\"results\": 1}", "not json", "[[[", "", R"({"results": [{"benchmark": "a|b\n#", "n": 2, "accuracy": 0.5}, 7]})"}) {
    const std::string out = "out" + std::to_string(number++);
    fs::create_directories(place / (out + "/other"));
    write_file(place / (out + "/other/results.json"), text);
    INFO(text);
    CHECK_NOTHROW(run(place.options(out, {"max_steps=2"})));
    const std::string card = read_file(place / (out + "/README.md"));
    CHECK_THAT(card, !Contains("\n#|") && !Contains("a|b"));
  }
}

}  // namespace
}  // namespace hyplora

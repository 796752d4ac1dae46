// trainer_state.json as damaged by hand: whatever a key holds, it is read or refused with file and key.
#include "core/error.h"
#include "train/fingerprint.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::Contains;

const Json others = Json::array({nullptr, "x", -1.5, 1e300, Json::array(), Json::object(), true});

TEST_CASE("A state of which any key is missing or of another type is read or refused with file and key", "[train]") {
  const test::TrainingFolder place;
  int polls = 0;
  REQUIRE(test::run(place.options("out"), [&] { return ++polls == 6; }).interrupted);
  const TrainOptions options = place.options("out");
  const TrainingSetup setup = prepare_training(options, at::kCPU);
  const Checkpoints checkpoints(options, run_identity(setup));
  const fs::path checkpoint = *checkpoints.to_resume(), file = checkpoint / "trainer_state.json";
  const Json whole = read_json(file);
  const auto state = checkpoints.check_state(checkpoint);
  /// Empty: it is read.
  const auto refusal = [&](const Json& saved) -> std::string {
    write_file(file, json_text(saved));
    try {
      checkpoints.check_state(checkpoint);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal(whole).empty());
  for (const auto& [key, value] : whole.items()) {
    INFO(key);
    Json changed = whole;
    changed.erase(key);
    const std::string sentence = refusal(changed);
    CHECK((key == "files" || sentence.find("trainer_state.json") != std::string::npos));  // files: what COMPLETE must list
    CHECK((key == "files" || sentence.find(key) != std::string::npos));
    for (const Json& other : others) {
      INFO(json_text(other));
      changed = whole;
      changed[key] = other;
      const std::string told = refusal(changed);
      if (!told.empty()) CHECK_THAT(told, Contains("trainer_state.json"));
      const bool may_be = key == "files" || (key == "seconds" && other == 1e300) || (key == "best_loss" && !other.is_string());
      if (!may_be && told.empty()) CHECK(other.type() == value.type());
    }
  }
  for (const char* key : {"losses", "grad_norms"}) {
    for (const Json& other : others) {
      INFO(key << " " << json_text(other));
      Json changed = whole;
      changed["spikes"][key] = other;
      const std::string told = refusal(changed);
      if (other != Json::array()) CHECK_THAT(told, Contains("trainer_state.json: key \"spikes\""));
      changed["spikes"][key] = Json::array({other});
      if (!other.is_number()) CHECK_THAT(refusal(changed), Contains("trainer_state.json: key \"spikes\""));
    }
  }
  for (const auto& [key, value] : whole["config"].items()) {
    for (const Json& other : others) {
      INFO("config/" << key << " " << json_text(other));
      Json changed = whole;
      changed["config"][key] = other;
      const std::string told = refusal(changed);
      if (!told.empty()) CHECK_THAT(told, Contains("trainer_state.json"));
    }
  }
  for (const auto& [key, value] : whole["fingerprint"].items()) {
    for (const Json& other : others) {
      INFO("fingerprint/" << key << " " << json_text(other));
      Json changed = whole;
      changed["fingerprint"][key] = other;
      CHECK_THAT(refusal(changed), Contains("trainer_state.json"));
    }
  }
  write_file(file, json_text(whole));
  CHECK(checkpoints.check_state(checkpoint) == state);
}

}  // namespace
}  // namespace hyplora

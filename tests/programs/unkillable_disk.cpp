// Training whose disk fills up, lies, refuses or loses the folder, and whose inputs are exchanged between two launches: one
// sentence, and the next launch ends as if nothing had happened.
#include <sys/stat.h>
#include <unistd.h>

#include "io/hash.h"
#include "support/training_place.h"

namespace hyplora {
namespace {

using test::check_one_sentence;
using test::fault;
using test::holds_within;
using test::Launch;
using test::LaunchOptions;
using test::patience;
using test::TrainingPlace;

TEST_CASE("A disk that fills up is exit code 1, and the next launch goes on", "[unkillable]") {
  const TrainingPlace place;
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

/// A launch in which the disk stores a write of a file wrong: "N:PART", the N-th one into files of which PART is part of the
/// path. It must notice.
void launch_damaged(const TrainingPlace& place, const std::string& out, const Json& recipe, const std::string& damage) {
  INFO(damage);
  Launch launch("hyplora-train", place.arguments(out, recipe), fault("flip:" + damage));
  CHECK(launch.wait() == 1);
  const std::string file = damage.substr(damage.find(':') + 1);
  check_one_sentence(launch.errors(), file.substr(file.find('/') + 1));
  check_one_sentence(launch.errors(), "what was read back differs from what was written");
}

TEST_CASE("A disk that stores a checkpoint wrong is exit code 1 with the file's name, and the next launch goes on",
          "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"num_epochs", 1}, {"save_step", 1}, {"save_total_limit", 0}, {"tensorboard", false}};
  REQUIRE(place.run("whole", recipe) == 0);
  const std::vector<std::string> damages{"1:.checkpoint-1.partial/adapter_model.safetensors",
                                         "2:.checkpoint-2.partial/adapter_model.safetensors",
                                         "9:.checkpoint-3.partial/adapter_model.safetensors",
                                         "1:.checkpoint-4.partial/adapter_config.json",
                                         "1:.checkpoint-5.partial/hyplora.json",
                                         "2:.checkpoint-6.partial/optimizer.safetensors",
                                         "9:.checkpoint-7.partial/optimizer.safetensors",
                                         "1:.checkpoint-8.partial/trainer_state.json"};
  for (size_t step = 1; step <= damages.size(); ++step) {
    launch_damaged(place, "parts", recipe, damages[step - 1]);
    CHECK_FALSE(fs::exists(place.at(fmt::format("parts/checkpoint-{}", step))));
    for (size_t earlier = 1; earlier < step; ++earlier)
      place.check_same_checkpoint("whole", "parts", static_cast<int64_t>(earlier));
  }
  for (const char* damage : {"9:.adapter.partial/adapter_model.safetensors", "1:.adapter.partial/adapter_config.json",
                             "1:.adapter.partial/hyplora.json"}) {
    launch_damaged(place, "parts", recipe, damage);
    CHECK_FALSE(fs::exists(place.at("parts/adapter_model.safetensors")));
    place.check_same_checkpoint("whole", "parts", 8);
  }
  REQUIRE(place.run("parts", recipe) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("A disk that stores a full checkpoint, the metrics of a resumed run or a fetched checkpoint wrong is noticed",
          "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"adapter", "full"}, {"max_steps", 4}, {"save_step", 1}, {"eval_step", 2}, {"save_total_limit", 0}};
  REQUIRE(place.run("whole", recipe) == 0);
  for (const char* damage :
       {"1:.checkpoint-1.partial/config.json", "5:.checkpoint-2.partial/model.safetensors", "1:parts/metrics.jsonl.partial",
        "1:parts/config.resolved.json", "1:.adapter.partial/config.json", "5:.adapter.partial/model.safetensors"}) {
    launch_damaged(place, "parts", recipe, damage);
  }
  REQUIRE(place.run("parts", recipe) == 0);
  place.check_same("whole", "parts");

  Json from = recipe;
  from["resume_from_checkpoint"] = place.at("whole/checkpoint-3");  // the best is another's, checkpoint-2
  launch_damaged(place, "moved", from, "1:.checkpoint-best.partial/model.safetensors");
  REQUIRE(place.run("moved", from) == 0);
  for (const int step : {2, 4}) place.check_same_checkpoint("whole", "moved", step);
}

TEST_CASE("Files that may not grow are exit code 1 with the file's name", "[unkillable]") {
  const TrainingPlace place;
  Launch limited("hyplora-train", place.arguments("out"), {{}, 9000, false});
  CHECK(limited.wait() == 1);
  check_one_sentence(limited.errors(), "cannot be written: File too large");
}

TEST_CASE("A disk that takes few bytes at a time changes nothing", "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"num_epochs", 1}};
  REQUIRE(place.run("whole", recipe) == 0);
  REQUIRE(place.run("parts", recipe, fault("short:1000")) == 0);
  place.check_same("whole", "parts");
}

TEST_CASE("An output folder that vanishes is exit code 1 with a sentence", "[unkillable]") {
  const TrainingPlace place;
  Launch launch("hyplora-train", place.arguments("out", {{"max_steps", 1000000}, {"save_step", 10}, {"eval_step", 1000000}}));
  REQUIRE(holds_within(patience, [&] { return place.metrics("out").size() >= 3; }));
  fs::rename(place.at("out"), place.at("elsewhere"));
  CHECK(launch.wait() == 1);
  check_one_sentence(launch.errors(), place.at("out"));
}

TEST_CASE("A folder that may no longer be written is exit code 1 and keeps its checkpoints", "[unkillable]") {
  const TrainingPlace place;
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
  CHECK_THAT(again.errors(), test::Contains("not writable"));
  ::chmod(place.at("out").c_str(), 0755);
}

TEST_CASE("Other data or another base on resume is refused with both hashes, and taken with --force-resume", "[unkillable]") {
  const TrainingPlace place;
  const Json recipe{{"max_steps", 6}};
  const auto check_refused = [&](const std::string& what) {
    Launch refused("hyplora-train", place.arguments("out", recipe));
    CHECK(refused.wait() == 2);
    check_one_sentence(refused.errors(), "was saved with " + what + " of hash ");
    CHECK_THAT(refused.errors(), test::Contains("--force-resume"));
  };
  REQUIRE(place.run("out", recipe) == 0);
  write_safetensors(place.at("base/model.safetensors"), test::small_model(4).named_weights());
  check_refused("base weights");
  write_safetensors(place.at("base/model.safetensors"), test::small_model(3).named_weights());
  place.write_rows(41, 5);
  check_refused("data_path (file 1)");
  Launch forced("hyplora-train", place.arguments("out", recipe, {"--force-resume"}));
  CHECK(forced.wait() == 0);
}

TEST_CASE("Another tokenizer on resume is refused with both hashes, and taken with --force-resume", "[unkillable]") {
  const TrainingPlace place;
  place.write_text(24);
  Json recipe{{"data_path", place.at("text.jsonl")}, {"prompt_template", "none"}, {"max_steps", 2}};
  const auto check_exchanged = [&](const std::string& out, const std::string& file,
                                   const std::function<std::string(std::string)>& change) {
    INFO(file);
    REQUIRE(place.run(out, recipe) == 0);
    const std::string before = file_hash(file);
    write_file(file, change(read_file(file)));
    Launch refused("hyplora-train", place.arguments(out, recipe));
    CHECK(refused.wait() == 2);
    const std::string name = fs::path(file).stem().string();
    check_one_sentence(refused.errors(),
                       fmt::format("was saved with {} of hash {}, but {} has hash {};", name, before, file, file_hash(file)));
    CHECK_THAT(refused.errors(), test::Contains("--force-resume"));
    CHECK(Launch("hyplora-train", place.arguments(out, recipe, {"--force-resume"})).wait() == 0);
  };
  check_exchanged("json", place.at("base/tokenizer.json"), [](std::string text) {
    const std::string flag = "\"single_word\": true";  // of a token that no row holds
    return text.replace(text.find(flag), flag.size(), "\"single_word\": false");
  });
  fs::copy(test::in_source("data/model").string(), place.at("bundled"));
  recipe["base_model"] = place.at("bundled");
  check_exchanged("model", place.at("bundled/tokenizer.model"), [](const std::string& bytes) {
    return bytes + "\xC0\x0C\x01";
  });  // a protobuf field that means nothing: 200, varint 1
  check_exchanged("config", place.at("bundled/tokenizer_config.json"), [](const std::string& text) { return text + "\n"; });
}

}  // namespace
}  // namespace hyplora

// eval_on_start: the base's loss before the first step, told and counted for nothing.
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::run;
using test::TrainingFolder;

std::vector<Json> evaluations(const fs::path& folder) {
  std::vector<Json> lines;
  for (auto& line : read_metrics(folder / "metrics.jsonl")) {
    if (line.contains("eval_loss")) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Json> at_start(const fs::path& folder) {
  std::vector<Json> lines = evaluations(folder);
  std::erase_if(lines, [](const Json& line) { return line["step"] != 0; });
  return lines;
}

TEST_CASE("A validation before the first step is a line of its own, and all else stays as it is", "[train]") {
  const TrainingFolder place;
  run(place.options("plain"));
  CHECK(at_start(place / "plain").empty());
  run(place.options("with", {"eval_on_start=true"}));
  REQUIRE(at_start(place / "with").size() == 1);
  auto later = evaluations(place / "with");
  CHECK(later.front()["step"] == 0);
  later.erase(later.begin());
  CHECK(later == evaluations(place / "plain"));
  CHECK(read_file(place / "with/adapter_model.safetensors") == read_file(place / "plain/adapter_model.safetensors"));
  CHECK(read_metrics(place / "with/metrics.jsonl").back()["best_step"] ==
        read_metrics(place / "plain/metrics.jsonl").back()["best_step"]);
}

TEST_CASE("The first validation is no best one, and no patience counts it", "[train]") {
  const TrainingFolder place;
  const std::vector<std::string> still{"early_stopping_patience=1", "eval_step=1", "learning_rate=0", "eval_on_start=true"};
  CHECK(run(place.options("out", still)).steps == 2);  // as without it
  CHECK(read_metrics(place / "out/metrics.jsonl").back()["best_step"] == 1);
}

TEST_CASE("A run that is stopped and goes on has its first validation once, wherever it stopped", "[train]") {
  const TrainingFolder place;
  for (int stop_at = 1; stop_at < 12; ++stop_at) {
    INFO("stopped at poll " << stop_at);
    const std::string out = "out" + std::to_string(stop_at);
    const TrainOptions options = place.options(out, {"eval_on_start=true", "max_steps=4"});
    int polls = 0;
    run(options, [&] { return ++polls == stop_at; });
    run(options);
    CHECK(at_start(place / out).size() == 1);
  }
}

TEST_CASE("A run that goes on behind its start with eval_on_start tells nothing of the start", "[train]") {
  const TrainingFolder place;
  int polls = 0;
  run(place.options("out"), [&] { return ++polls == 6; });
  run(place.options("out", {"eval_on_start=true"}));
  CHECK(at_start(place / "out").empty());
}

}  // namespace
}  // namespace hyplora

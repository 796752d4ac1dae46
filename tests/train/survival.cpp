// The parts that keep a run alive and honest: time limit, spike detection, checkpoints, metrics after a resume.
#include <stdlib.h>

#include <cmath>

#include "io/lock.h"
#include "support/support.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/spikes.h"
#include "train/time_limit.h"

namespace hyplora {
namespace {

using namespace std::chrono_literals;

TimeLimit limit_after(std::chrono::milliseconds running, double max_hours) {
  return {TimeLimit::Clock::now() - running, max_hours, 0};
}

TEST_CASE("A time limit leaves room for one more step and a save", "[train]") {
  CHECK_FALSE(limit_after(1h, 0).reached());
  CHECK(limit_after(2h, 1).reached());
  TimeLimit limit = limit_after(0ms, 1);
  CHECK_FALSE(limit.reached());
  limit.stepped(1000);
  CHECK_FALSE(limit.reached());
  limit.saved(2000);
  CHECK(limit.reached());
  CHECK(limit.reason() == "max_hours 1");
}

TEST_CASE("A slow step is forgotten after many quick ones", "[train]") {
  TimeLimit limit = limit_after(0ms, 1);
  limit.stepped(4000);
  CHECK(limit.reached());
  for (int i = 0; i < 100; ++i) limit.stepped(1);
  CHECK_FALSE(limit.reached());
}

TEST_CASE("The earlier of max_hours and Slurm's end counts; an end that has passed does not", "[train]") {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  ::setenv("SLURM_JOB_END_TIME", std::to_string(now + 3).c_str(), 1);
  CHECK(limit_after(0ms, 1).reached());
  ::setenv("SLURM_JOB_END_TIME", std::to_string(now - 3).c_str(), 1);
  CHECK_FALSE(limit_after(0ms, 0).reached());
  ::setenv("SLURM_JOB_END_TIME", "soon", 1);
  CHECK_FALSE(limit_after(0ms, 0).reached());
  ::unsetenv("SLURM_JOB_END_TIME");
}

/// Losses near 2 and norms near 1 that scatter by a few per cent.
SpikeWatch calm(int steps) {
  SpikeWatch watch;
  for (int i = 0; i < steps; ++i) watch.add(2 + 0.1 * std::sin(i), 1 + 0.1 * std::cos(3 * i));
  return watch;
}

TEST_CASE("A step far outside the running spread is a spike, one inside is none", "[train]") {
  const SpikeWatch watch = calm(50);
  CHECK_FALSE(watch.judge(2.2, 1.3));
  REQUIRE(watch.judge(9, 1));
  CHECK(watch.judge(9, 1)->quantity == "loss");
  REQUIRE(watch.judge(2, 40));
  CHECK(watch.judge(2, 40)->quantity == "grad_norm");
  CHECK(watch.judge(2, 40)->usual == Approx(1).margin(0.1));
  CHECK_FALSE(calm(19).judge(9, 40));
}

TEST_CASE("A wide spread takes more to leave, and a lasting change becomes the usual", "[train]") {
  SpikeWatch wide;
  for (int i = 0; i < 60; ++i) wide.add(2 * std::exp(0.8 * std::sin(i)), 1);
  CHECK_FALSE(wide.judge(9, 1));
  SpikeWatch watch = calm(100);
  for (int i = 0; i < 51; ++i) watch.add(9, 1);
  CHECK_FALSE(watch.judge(9, 1));
}

TEST_CASE("The running spread survives being written and read", "[train]") {
  const SpikeWatch watch = calm(130);
  CHECK(SpikeWatch::from_json(Json::parse(watch.to_json().dump())) == watch);
}

TEST_CASE("A folder has one lock, which goes with its holder", "[train]") {
  const test::TempFolder folder;
  {
    const FolderLock lock(folder.path());
    CHECK_THAT(test::input_error([&] { FolderLock second(folder.path()); }), test::Contains("another run (process "));
  }
  const FolderLock again(folder.path());
}

std::vector<int64_t> kept_steps(const fs::path& path, Progress progress) {
  std::vector<int64_t> steps;
  const MetricsFile metrics(path, progress);
  for (const Json& line : metrics.kept()) steps.push_back(line.value("step", int64_t{-1}));
  return steps;
}

TEST_CASE("Resuming keeps the metrics up to the checkpoint and drops the rest, torn lines too", "[train]") {
  const test::TempFolder folder;
  const fs::path path = folder / "metrics.jsonl";
  const std::string text =
      "{\"event\":\"start\"}\n{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":2}\n{\"step\":2,\"eval_loss\":2}\n"
      "{\"event\":\"spike\",\"step\":3}\n{\"step\":3,\"loss\":2}\n{\"event\":\"end\"}\n{\"step\":4,\"lo";
  write_file(path, text);
  CHECK(kept_steps(path, {3, 2}) == std::vector<int64_t>{-1, 1, 2, 2, 3, 3});
  write_file(path, text);
  CHECK(kept_steps(path, {2, 0}) == std::vector<int64_t>{-1, 1, 2});  // the validation of step 2 will be done again
  CHECK(read_metrics(path).size() == 3);
}

}  // namespace
}  // namespace hyplora

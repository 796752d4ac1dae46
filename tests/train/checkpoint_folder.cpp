#include "train/checkpoint_folder.h"

#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::Contains;
using test::run;
using test::TrainingFolder;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST_CASE("What others left in the output folder is there after a run, whatever its name", "[train]") {
  const TrainingFolder place;
  const std::map<std::string, std::string> strangers{
      {"checkpoint-500/trainer_state.json", R"({"global_step": 500, "log_history": []})"},  // Hugging Face's
      {"checkpoint-500/optimizer.pt", "x"},
      {"checkpoint-3/notes.txt", "mine"},
      {"best_notes.partial", "mine"},
      {"latest_notes.partial", "mine"},
      {"loss.svg.old", "mine"},
      {"README.md", "# My project\n"},
      {"latest/keep", "a folder of this name"}};
  for (const auto& [name, content] : strangers) {
    fs::create_directories((place / ("out/" + name)).parent_path());
    write_file(place / ("out/" + name), content);
  }
  write_file(place / "out/checkpoint-7", "a file");
  for (const char* resume : {"never", "auto", "never"}) {
    run(place.options("out", {std::string("resume_from_checkpoint=") + resume}));
    for (const auto& [name, content] : strangers) CHECK(read_file(place / ("out/" + name)) == content);
    CHECK(read_file(place / "out/checkpoint-7") == "a file");
  }
  CHECK(fs::exists(place / "out/adapter_model.safetensors"));
}

TEST_CASE("What a killed run left half-written goes", "[train]") {
  const TrainingFolder place;
  run(place.options("whole"));
  fs::create_directories(place / "out/.checkpoint-8.partial");
  write_file(place / "out/.checkpoint-8.partial/adapter_model.safetensors", "half");
  fs::create_directories(place / "out/.adapter.partial");
  write_file(place / "out/metrics.jsonl.partial", "half");
  fs::create_symlink("checkpoint-8", place / "out/latest.partial");
  run(place.options("out"));
  CHECK(names_in(place / "out") == names_in(place / "whole"));
}

TEST_CASE("Files that a user put into a checkpoint of ours outlive it", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  write_file(place / "out/checkpoint-16/notes.txt", "mine");
  run(place.options("out", {"resume_from_checkpoint=never"}));
  CHECK(read_file(place / "out/checkpoint-16-kept/notes.txt") == "mine");
  write_file(place / "out/checkpoint-16/more.txt", "mine, too");
  run(place.options("out", {"resume_from_checkpoint=never"}));
  CHECK(read_file(place / "out/checkpoint-16-kept-2/more.txt") == "mine, too");
  CHECK(is_own_checkpoint(place / "out/checkpoint-16"));
}

TEST_CASE("Something of another's where a save is planned is refused before the first step", "[train]") {
  for (const char* name :
       {"checkpoint-8", "checkpoint-16", "adapter_model.safetensors", "metrics.jsonl", "adapter_config.json"}) {
    const TrainingFolder place;
    INFO(name);
    fs::create_directories(place / "out");
    write_file(place / ("out/" + std::string(name)), "{\"mine\": true}\n");
    CHECK_THAT(test::input_error([&] { run(place.options("out")); }),
               Contains((place / ("out/" + std::string(name))).string()));
    CHECK(names_in(place / "out") == std::set<std::string>{name, ".hyplora.lock"});
  }
}

TEST_CASE("A list of checksums that lost lines is damage, at whatever byte it ends", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  const fs::path checkpoint = place / "out/checkpoint-16", mark = checkpoint / "COMPLETE";
  const std::string whole = read_file(mark);
  CHECK_FALSE(damaged_file(checkpoint));
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < whole.size(); begin = whole.find('\n', begin) + 1)
    lines.push_back(whole.substr(begin, whole.find('\n', begin) + 1 - begin));
  CHECK(lines.size() == names_in(checkpoint).size() - 1);
  for (size_t dropped = 0; dropped < lines.size(); ++dropped) {
    std::string rest;
    for (size_t i = 0; i < lines.size(); ++i) rest += i == dropped ? "" : lines[i];
    write_file(mark, rest);
    INFO("without " << lines[dropped]);
    CHECK(damaged_file(checkpoint));
    CHECK(is_own_checkpoint(checkpoint));
  }
  for (size_t size = 0; size + 1 < whole.size(); size += 7) {
    write_file(mark, whole.substr(0, size));
    INFO("the first " << size << " bytes");
    CHECK(damaged_file(checkpoint));
  }
  write_file(mark, "");
  CHECK(Checkpoints(place.options("out")).to_resume()->filename() == "checkpoint-15");
  const std::string named = "resume_from_checkpoint=" + checkpoint.string();
  CHECK_THAT(test::input_error([&] { run(place.options("new", {named})); }), Contains("COMPLETE: is not what was saved"));
}

TEST_CASE("Only links to checkpoints beside them are ours", "[train]") {
  const test::TempFolder folder;
  fs::create_symlink("checkpoint-12", folder / "latest");
  fs::create_symlink("/somewhere/checkpoint-12", folder / "best");
  write_file(folder / "file", "");
  CHECK(may_be_link(folder / "latest"));
  CHECK(may_be_link(folder / "free"));
  CHECK_FALSE(may_be_link(folder / "best"));
  CHECK_FALSE(may_be_link(folder / "file"));
}

}  // namespace
}  // namespace hyplora

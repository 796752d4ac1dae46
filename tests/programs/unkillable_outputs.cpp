// hyplora-adapter merge, convert and linearize and hyplora-data, killed before their changes of the file system: what they write
// is there whole or not at all, what stood there stays whole until then, and the next launch ends as one that nothing happened to.
#include <random>

#include "adapter/material.h"
#include "support/training_place.h"

namespace hyplora {
namespace {

using test::fault;
using test::Launch;

using Words = std::vector<std::string>;
using Content = std::map<std::string, std::string>;  // of files by their names; nothing where there are none

Content content(const std::string& path) {
  if (fs::is_regular_file(path)) return {{"", read_file(path)}};
  Content all;
  if (!fs::is_directory(path)) return all;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) all[fs::relative(entry.path(), path)] = read_file(entry.path());
  }
  return all;
}

void put(const std::string& path, const Content& content) {
  fs::remove_all(path);
  for (const auto& [name, bytes] : content) {
    const fs::path file = name.empty() ? fs::path(path) : fs::path(path) / name;
    fs::create_directories(file.parent_path());
    write_file(file, bytes);
  }
}

/// Two launches of a program that write different things to the same places.
struct Writer {
  std::string program;
  Words first, second;
  std::vector<std::string> outputs;
};

std::vector<Content> contents(const Writer& writer) {
  std::vector<Content> all;
  for (const auto& output : writer.outputs) all.push_back(content(output));
  return all;
}

/// Nothing that was half-written lies beside the outputs.
void check_clean(const Writer& writer) {
  for (const auto& entry : fs::directory_iterator(fs::path(writer.outputs[0]).parent_path())) {
    INFO(entry.path().string());
    CHECK_THAT(entry.path().string(), !test::Contains("partial") && !test::Contains("hyplora-old"));
  }
}

/// Kills before one change of up to `stride` after the other until the program gets through; how many kills that were.
int check_killed(const Writer& writer, int stride) {
  INFO(writer.program << " " << writer.second[0]);
  REQUIRE(Launch(writer.program, writer.first).wait() == 0);
  const auto older = contents(writer);
  REQUIRE(Launch(writer.program, writer.second).wait() == 0);
  const auto newer = contents(writer);
  std::mt19937 random(3);
  int kills = 0;
  for (int change = 1;; change += std::uniform_int_distribution<>(1, stride)(random)) {
    const bool has_older = random() % 2 == 0;
    for (size_t i = 0; i < older.size(); ++i) {
      CHECK(older[i] != newer[i]);
      put(writer.outputs[i], has_older ? older[i] : Content());
    }
    const int status = Launch(writer.program, writer.second, fault(fmt::format("kill:{}", change))).wait();
    if (status == 0) return kills;
    INFO("change " << change << (has_older ? " over an older output" : ""));
    REQUIRE(status == 128 + SIGKILL);
    ++kills;
    const auto now = contents(writer);
    for (size_t i = 0; i < now.size(); ++i) CHECK((now[i] == newer[i] || now[i] == (has_older ? older[i] : Content())));
    Launch next(writer.program, writer.second);
    CHECK(next.wait() == 0);
    INFO(next.errors());
    CHECK(contents(writer) == newer);
    check_clean(writer);
  }
}

/// A base, two adapters, rows.
class Place {
 public:
  Place() {
    test::write_base(folder_ / "base");
    test::write_adapter_folder(folder_ / "a", test::kind("lora"));
    test::write_adapter_folder(folder_ / "b", test::kind("lora"), 0.1);
    test::write_adapter_folder(folder_ / "c", test::kind("hyplora"));
    test::write_adapter_folder(folder_ / "d", test::kind("hyplora"), 0.1);
    std::string rows;
    for (const auto& row : test::some_rows(8)) rows += json_text({{"input_ids", row.ids}}) + "\n";
    write_file(at("rows.jsonl"), rows);
    fs::create_directory(folder_ / "to");
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  /// A command with one adapter and the same with another, into to/out.
  Writer writer(const Words& command, const std::string& first, const std::string& second) const {
    const auto with = [&](const std::string& adapter) {
      Words words = command;
      words.insert(words.end(), {"--adapter", at(adapter), "--output", at("to/out"), "--force", "--quiet"});
      return words;
    };
    return {"hyplora-adapter", with(first), with(second), {at("to/out")}};
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("A merged or converted adapter is whole or absent whenever the program is killed", "[unkillable]") {
  const Place place;
  CHECK(check_killed(place.writer({"merge", "--model", place.at("base")}, "a", "b"), 8) > 2);
  CHECK(check_killed(place.writer({"convert", "--to", "peft"}, "a", "b"), 4) > 2);
}

TEST_CASE("A linearized adapter is whole or absent whenever the program is killed", "[unkillable]") {
  const Place place;
  const Words linearize{"linearize", "--model", place.at("base"), "--data", place.at("rows.jsonl"),
                        "--rows",    "5",       "--heldout",      "3"};
  CHECK(check_killed(place.writer(linearize, "c", "d"), 6) > 2);
}

TEST_CASE("Prepared rows and their report are whole or absent whenever the program is killed", "[unkillable]") {
  const Place place;
  const auto prepare = [&](const std::string& text) {
    const std::string rows = place.at(text + ".jsonl");
    write_file(rows, json_text({{"instruction", text}, {"output", text}}) + "\n");
    return Words{rows, "--output", place.at("to/rows.json"), "--report", place.at("to/report.json"), "--quiet"};
  };
  const Words first = prepare("one"), second = prepare("another");
  CHECK(check_killed({"hyplora-data", first, second, {place.at("to/rows.json"), place.at("to/report.json")}}, 3) > 2);
}

}  // namespace
}  // namespace hyplora

// hyplora-adapter as a user meets it.
#include "adapter/material.h"

namespace hyplora {
namespace {

using test::Ran;
using test::run;

/// A base, one adapter of a kind, rows.
class Place {
 public:
  explicit Place(const AdapterOptions& options) {
    test::write_base(folder_ / "base");
    test::write_adapter_folder(folder_ / "adapter", options);
    std::string rows;
    for (const auto& row : test::some_rows(8)) rows += Json{{"input_ids", row.ids}}.dump() + "\n";
    write_file(folder_ / "rows.jsonl", rows);
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Ran adapter(std::vector<std::string> arguments) const { return run("hyplora-adapter", arguments); }
  Ran merge(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"merge", "--model", at("base"), "--adapter", at("adapter"), "--output", at("merged")});
    return adapter(more);
  }

 private:
  test::TempFolder folder_;
};

void check_refused(const Ran& ran, const std::string& part) {
  INFO("stderr: " << ran.err);
  CHECK(ran.status == 2);
  CHECK(ran.err.starts_with("error: "));
  CHECK_THAT(ran.err, test::Contains(part));
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
}

TEST_CASE("hyplora-adapter tells its version, its options and its commands", "[programs]") {
  CHECK(run("hyplora-adapter", {"--version"}).out.starts_with("hyplora "));
  const Ran help = run("hyplora-adapter", {"--help"});
  for (const char* word : {"--device", "inspect", "merge", "convert", "linearize", "report"})
    CHECK_THAT(help.out, test::Contains(word));
  check_refused(run("hyplora-adapter", {}), "See --help");
  check_refused(run("hyplora-adapter", {"merge"}), "--model is missing");
}

TEST_CASE("inspect prints a text or JSON", "[programs]") {
  const Place place(test::kind("hyplora"));
  const Ran text = place.adapter({"inspect", place.at("adapter"), "--model", place.at("base")}),
            json = place.adapter({"inspect", place.at("adapter"), "--json", "--quiet"});
  CHECK(text.status == 0);
  CHECK_THAT(text.out, test::Contains("HypLoRA, variant lorentz, rank 4"));
  CHECK_THAT(text.out, test::Contains(place.at("base") + ": yes"));
  CHECK(Json::parse(json.out)["kind"] == "hyplora");
  check_refused(place.adapter({"inspect", place.at("gone")}), "is not a folder");
}

TEST_CASE("Every command takes the adapter with its flag or without", "[programs]") {
  const Place place(test::kind("lora"));
  const std::string adapter = place.at("adapter");
  const Ran bare = place.adapter({"inspect", adapter}), flagged = place.adapter({"inspect", "--adapter", adapter});
  CHECK(bare.status == 0);
  CHECK(bare.out == flagged.out);
  CHECK(place.adapter({"convert", adapter, "--to", "peft", "--output", place.at("other")}).status == 0);
  CHECK(place.adapter({"merge", "--model", place.at("base"), adapter, "--output", place.at("merged")}).status == 0);
  for (const char* command : {"merge", "convert", "linearize", "report", "inspect"}) {
    INFO(command);
    check_refused(place.adapter({command, adapter, "--adapter", adapter}), "See --help");
  }
}

TEST_CASE("merge tells the largest logit difference and writes a checkpoint", "[programs]") {
  const Place place(test::kind("dora"));
  const Ran ran = place.merge();
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(ran.out.starts_with("largest logit difference "));
  CHECK(fs::exists(place.at("merged/model.safetensors")));
  check_refused(place.merge(), "is not empty");
  CHECK(place.merge({"--force", "--dtype", "bfloat16"}).status == 0);
  CHECK(Safetensors::open(place.at("merged/model.safetensors")).tensors().begin()->second.dtype == "BF16");
}

TEST_CASE("A hyperbolic adapter is not merged, but linearized and then merged", "[programs]") {
  const Place place(test::kind("hyplora"));
  check_refused(place.merge(), "a hyperbolic adapter is not linear in its input");
  CHECK_FALSE(fs::exists(place.at("merged")));
  const Ran ran = place.adapter({"linearize", "--model", place.at("base"), "--adapter", place.at("adapter"), "--data",
                                 place.at("rows.jsonl"), "--output", place.at("linear"), "--rows", "1", "--heldout", "7"});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK_THAT(ran.out, test::Contains("held-back loss: base "));
  CHECK_THAT(ran.out, test::Contains("(7 rows; fitted on 1)"));
  const Ran fewer = place.adapter({"linearize", "--model", place.at("base"), "--adapter", place.at("adapter"), "--data",
                                   place.at("rows.jsonl"), "--output", place.at("linear"), "--force"});
  CHECK_THAT(fewer.out, test::Contains("(2 rows; fitted on 6)"));
  CHECK(place.adapter({"merge", "--model", place.at("base"), "--adapter", place.at("linear"), "--output", place.at("merged")})
            .status == 0);
}

TEST_CASE("convert writes the release's layout, and refuses what it has no place for", "[programs]") {
  const Place place(test::kind("hyplora", "release"));
  const auto to = [&](const char* layout) {
    return place.adapter({"convert", "--adapter", place.at("adapter"), "--output", place.at("other"), "--to", layout});
  };
  CHECK(to("release").status == 0);
  CHECK(read_json(place.at("other/adapter_config.json"))["lora_type"] == "hyplora-1.0");
  check_refused(to("hyplora"), "is not empty");
  check_refused(to("other"), "--to: found \"other\", expected one of hyplora, release, peft");
}

TEST_CASE("report writes a table, a picture and a summary", "[programs]") {
  const Place place(test::kind("hyplora"));
  const Ran ran = place.adapter({"report", "--model", place.at("base"), "--adapter", place.at("adapter"), "--data",
                                 place.at("rows.jsonl"), "--output", place.at("report")});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(Json::parse(ran.out)["modules"] == 10);
  CHECK(read_json(place.at("report/summary.json"))["modules"].size() == 10);
  for (const char* name : {"adapter.csv", "adapter.svg"}) CHECK(fs::file_size(fs::path(place.at("report")) / name) > 500);
}

TEST_CASE("report leaves no folder where it refuses", "[programs]") {
  const Place place(test::kind("lora"));
  check_refused(place.adapter({"report", "--model", place.at("base"), "--adapter", place.at("adapter"), "--data",
                               place.at("rows.jsonl"), "--output", place.at("reports/new")}),
                "is no hyperbolic adapter");
  CHECK_FALSE(fs::exists(place.at("reports")));
}

}  // namespace
}  // namespace hyplora

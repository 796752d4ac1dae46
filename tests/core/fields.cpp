#include "core/fields.h"

#include "core/text_distance.h"
#include "support/support.h"

namespace hyplora {
namespace {

struct Options {
  int64_t steps = 10;
  double rate = 3e-4;
  std::string mode = "fast", name;
  bool on = false;
  std::optional<double> maybe;
  StringOrList targets{{"a"}, false};
  std::map<std::string, int64_t> ranks;
};

Fields fields_of(Options& o) {
  Fields fields;
  fields.add("steps", o.steps, "how many", at_least(1))
      .add("rate", o.rate, "how fast", above(0))
      .add("mode", o.mode, "which way", one_of({"fast", "slow"}))
      .add("on", o.on, "switch")
      .add("maybe", o.maybe, "a number or nothing", at_least(0))
      .add("targets", o.targets, "names", not_empty())
      .add("ranks", o.ranks, "by name", at_least(1))
      .require("name", o.name, "its name");
  return fields;
}

std::string refusal(const char* json) {
  Options options;
  Fields fields = fields_of(options);
  return test::input_error([&] { fields.read_object(Json::parse(json), "c.json"); });
}

TEST_CASE("A field takes values of its type", "[core]") {
  Options o;
  Fields fields = fields_of(o);
  fields.read_object(Json::parse(R"({"steps": 1e3, "rate": 1, "mode": "slow", "on": true, "maybe": 2.5, "targets": "x.*",
                                     "ranks": {"q": 4}, "name": "n"})"),
                     "c.json");
  CHECK(o.steps == 1000);
  CHECK(o.rate == 1.0);
  CHECK(o.on);
  CHECK(o.maybe == 2.5);
  CHECK(o.targets.single);
  CHECK(o.ranks.at("q") == 4);
  fields.check_required("c.json");
}

TEST_CASE("An unknown key is refused with the nearest known one", "[core]") {
  CHECK(refusal(R"({"stpes": 3})") == "c.json: unknown key \"stpes\"; the nearest known key is \"steps\".");
}

TEST_CASE("A value of the wrong type or outside its rule is refused with what was found and expected", "[core]") {
  CHECK(refusal(R"({"steps": "ten"})") == "c.json: key \"steps\": found \"ten\" (string), expected integer.");
  CHECK(refusal(R"({"steps": 2.5})") == "c.json: key \"steps\": found 2.5 (number), expected integer.");
  CHECK(refusal(R"({"steps": 0})") == "c.json: key \"steps\": found 0, expected at least 1.");
  CHECK(refusal(R"({"rate": true})") == "c.json: key \"rate\": found true (boolean), expected number.");
  CHECK(refusal(R"({"mode": "warp"})") == "c.json: key \"mode\": found \"warp\", expected one of fast, slow.");
  CHECK(refusal(R"({"targets": []})") == "c.json: key \"targets\": found [], expected something that is not empty.");
  CHECK(refusal(R"({"ranks": {"q": 0}})") == "c.json: key \"ranks\": found {\"q\":0}, expected at least 1.");
  CHECK(refusal(R"([1])") == "c.json: found array, expected a JSON object.");
  CHECK(refusal(R"({"steps": 99999999999999999999})").find("expected integer") != std::string::npos);
}

TEST_CASE("A missing required key is named with its meaning", "[core]") {
  Options options;
  const Fields fields = fields_of(options);
  CHECK(test::input_error([&] { fields.check_required("c.json"); }) == "c.json: key \"name\" is missing: its name.");
  CHECK(test::input_error([&] { fields.check_required(""); }).starts_with("--name is missing: its name;"));
}

TEST_CASE("An assignment is JSON, or else bare text", "[core]") {
  Options o;
  Fields fields = fields_of(o);
  for (const char* assignment : {"steps=7", "mode=slow", "name=123", "targets=[\"q\",\"v\"]", "maybe=null"})
    fields.read_assignment(assignment);
  CHECK(o.steps == 7);
  CHECK(o.mode == "slow");
  CHECK(o.name == "123");
  CHECK(o.targets.values == std::vector<std::string>{"q", "v"});
  CHECK_FALSE(o.maybe.has_value());
  CHECK(test::input_error([&] { fields.read_assignment("steps"); }) == "--set: found \"steps\", expected key=value.");
}

TEST_CASE("A flag is JSON where its field can be that; each text of a list of texts stands as it is", "[core]") {
  Options o;
  std::vector<std::string> stops;
  Fields fields = fields_of(o);
  fields.add("stop", stops, "texts");
  fields.read_flag("steps", {"7"});
  fields.read_flag("name", {"[1]"});
  fields.read_flag("targets", {"[\"q\",\"v\"]"});
  fields.read_flag("stop", {"[1]", "2"});
  fields.read_flag("on", {"true"});
  CHECK(o.steps == 7);
  CHECK(o.name == "[1]");
  CHECK(o.targets.values == std::vector<std::string>{"q", "v"});
  CHECK(stops == std::vector<std::string>{"[1]", "2"});
  CHECK(o.on);
  CHECK(test::input_error([&] { fields.read_flag("steps", {"0"}); }) == "--steps: found 0, expected at least 1.");
  CHECK(test::input_error([&] { fields.read_flag("rate", {"fast"}); }) == "--rate: found \"fast\" (string), expected number.");
}

TEST_CASE("A config counts less than an assignment, and that less than a flag", "[core]") {
  Options o;
  fields_of(o).read(
      {{{"steps", 1}, {"rate", 1}, {"mode", "slow"}, {"name", "n"}}, "c.json", {"steps=2", "rate=2"}, {{"steps", {"3"}}}});
  CHECK(o.steps == 3);
  CHECK(o.rate == 2);
  CHECK(o.mode == "slow");
}

TEST_CASE("What must hold between fields is looked at when all are read", "[core]") {
  Options o;
  Fields fields = fields_of(o);
  fields.require_that([&] {
    if (o.on && o.steps > 5) throw InputError("steps: found {}, expected at most 5 with on.", o.steps);
  });
  CHECK(test::input_error([&] {
          fields.read({{{"on", true}, {"name", "n"}}, "c.json", {}, {}});
        }).starts_with("steps: found 10"));
  o.steps = 5;
  fields.check();
  o.mode = "warp";
  CHECK(test::input_error([&] { fields.check(); }) == "mode: found \"warp\", expected one of fast, slow.");
}

TEST_CASE("Only values that change the result count, and not the names of files", "[core]") {
  Options o;
  std::string file = "f", out = "o";
  Fields fields;
  fields.add("steps", o.steps, "how many").add("on", o.on, "switch").changes_nothing().add("file", file, "rows").names_files();
  CHECK(fields.counting_values() == Json{{"steps", 10}});
}

TEST_CASE("Values that were written are read back the same", "[core]") {
  Options a, b;
  a.rate = 1.25e-5;
  a.targets = {{"q", "k"}, false};
  a.ranks = {{"q", 3}};
  a.name = "x";
  fields_of(b).read_object(fields_of(a).values(), "saved");
  CHECK(fields_of(b).values() == fields_of(a).values());
}

TEST_CASE("The schema tells type, default, meaning and rule of every key", "[core]") {
  Options options;
  const Json schema = fields_of(options).schema();
  CHECK(schema["steps"] == Json::parse(R"({"type":"integer","default":10,"expected":"at least 1","meaning":"how many",
                                           "changes_result":true,"names_files":false})"));
  CHECK(schema["name"]["required"] == true);
}

TEST_CASE("The nearest name has the fewest edits", "[core]") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(nearest_name("lerning_rate", {"num_epochs", "learning_rate", "lora_r"}) == "learning_rate");
}

}  // namespace
}  // namespace hyplora

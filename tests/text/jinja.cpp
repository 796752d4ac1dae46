#include "text/jinja.h"

#include <sstream>

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

std::string rendered(const std::string& source, const Json& variables = Json::object()) {
  return JinjaTemplate(source, "t").render(variables, 0);
}
std::string refusal(const std::string& source, const Json& variables = Json::object()) {
  return test::input_error([&] { rendered(source, variables); });
}

TEST_CASE("Small templates give what Jinja2 gives, and fail where it fails", "[text]") {
  std::istringstream lines(read_file(test::golden() / "jinja/cases.jsonl"));
  std::string line;
  std::getline(lines, line);
  const Json variables = parse_json(parse_json(line, "cases")["t"].get<std::string>(), "variables");
  size_t count = 0;
  while (std::getline(lines, line)) {
    const Json given = parse_json(line, "cases");
    std::optional<std::string> made;
    try {
      made = rendered(given["t"], variables);
    } catch (const InputError&) {
    }
    INFO(line);
    CHECK((made ? Json(*made) : Json()) == given["e"]);
    ++count;
  }
  CHECK(count > 400);
}

TEST_CASE("Chat templates of model makers give what transformers renders from them, or their own refusal", "[text]") {
  const auto folder = test::shared("data/chat_templates");
  if (!folder) return;
  std::tm day{};  // the day on which the expected texts were made
  day.tm_year = 126;
  day.tm_mon = 10;
  day.tm_mday = 25;
  day.tm_hour = 12;
  const std::time_t now = std::mktime(&day);
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    if (entry.path().extension() != ".json") continue;
    const Json file = read_json(entry.path());
    const JinjaTemplate form(file["chat_template"], file["name"]);
    for (const Json& given : file["cases"]) {
      Json variables{{"bos_token", file["bos_token"]}, {"eos_token", file["eos_token"]}}, made;
      variables.update(given);
      try {
        made = form.render(variables, now);
      } catch (const TemplateRefusal& refusal) {
        made = {{"refused", refusal.text()}};
      }
      INFO(file["name"] << " " << given);
      CHECK(made == (given.contains("refused") ? Json{{"refused", given["refused"]}} : given["expected"]));
      ++count;
    }
  }
  CHECK(count == 320);
}

TEST_CASE("What is not interpreted is refused by name and line", "[text]") {
  CHECK_THAT(refusal("a\n{% include 'x' %}"), Contains("t: line 2: the statement \"include\" is not supported"));
  CHECK_THAT(refusal("\n\n{{ 'a'|urlize }}"), Contains("line 3: the filter \"urlize\" is not supported"));
  CHECK_THAT(refusal("{{ 1 is prime }}"), Contains("the test \"prime\" is not supported"));
  CHECK_THAT(refusal("{{ 'a'.zfill(3) }}"), Contains("the method \"zfill\" is not supported"));
  CHECK_THAT(refusal("{{ x.y }}"), Contains("line 1: 'x' is undefined"));
  CHECK_THAT(refusal("{% for x in y recursive %}{% endfor %}"), Contains("recursive loops are not supported"));
}

TEST_CASE("A template refuses in its own words", "[text]") {
  const JinjaTemplate form("{{ raise_exception('No ' ~ role) }}", "t");
  try {
    form.render({{"role", "tools"}}, 0);
    FAIL("no refusal");
  } catch (const TemplateRefusal& refusal) {
    CHECK(refusal.text() == "No tools");
    CHECK_THAT(refusal.what(), Contains("t: refuses this conversation: No tools"));
  }
}

TEST_CASE("No template runs for ever, grows without end, or exhausts the stack", "[text]") {
  CHECK_THAT(refusal("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"), Contains("steps"));
  CHECK_THAT(refusal("{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
             Contains("64 MiB"));
  CHECK_THAT(refusal("{{ 'x' * 999999999 }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ range(9999999) }}"), Contains("100000"));
  CHECK_THAT(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), Contains("100 levels"));
  const auto repeated = [](const std::string& text) {
    std::string made;
    for (int i = 0; i < 100'000; ++i) made += text;
    return made;
  };
  for (const auto& [open, close] : {std::pair("(", ")"), {"[", "]"}, {"not ", ""}, {"-", ""}})
    CHECK_THAT(refusal("{{ " + repeated(open) + "1" + repeated(close) + " }}"), Contains("nested deeper than 100 levels"));
  CHECK_THAT(refusal("{{ 1" + repeated(" + 1") + " }}"), Contains("more than 1000 operators"));
  CHECK_THAT(refusal(repeated("{% if x %}")), Contains("nested deeper"));
  CHECK_THAT(refusal("{{ 9223372036854775807 + 1 }}"), Contains("64 bits"));
  CHECK_THAT(refusal("{{ -9223372036854775807 - 2 }}"), Contains("64 bits"));
}

}  // namespace
}  // namespace hyplora

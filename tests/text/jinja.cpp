#include "text/jinja.h"

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
  const Json cases = read_json(test::golden() / "jinja/cases.json");
  const Json& variables = cases[0];
  for (const Json& given : cases[1]) {
    std::optional<std::string> made;
    std::string fault;
    try {
      made = rendered(given[0], variables);
    } catch (const InputError& error) {
      fault = error.what();
    }
    INFO(given << " " << fault);
    CHECK((made ? Json(*made) : Json()) == given[1]);
  }
  CHECK(cases[1].size() > 2000);
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
  CHECK_THAT(refusal("{{ 'a'.encode() }}"), Contains("the method \"encode\" is not supported"));
  CHECK_THAT(refusal("{{ x.y }}"), Contains("line 1: 'x' is undefined"));
  CHECK_THAT(refusal("{{ [1]|map('string') }}"), Contains("a generator has no text"));
  CHECK_THAT(refusal("{{ 99999999999999999999 }}"), Contains("does not fit into 64 bits"));
  CHECK_THAT(refusal("{{ x }}", {{"x", 18446744073709551615u}}), Contains("does not fit into 64 bits"));
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

std::string repeated(const std::string& text, int times) {
  std::string made;
  for (int i = 0; i < times; ++i) made += text;
  return made;
}

TEST_CASE("No template nests so deep that the stack ends", "[text]") {
  CHECK_THAT(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), Contains("100 levels"));
  CHECK_THAT(refusal("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"), Contains("100 levels"));
  for (const auto& [open, close] :
       {std::pair("(", ")"), {"[", "]"}, {"not ", ""}, {"-", ""}, {"f(", ")"}, {"x[", "]"}, {"{1:", "}"}})
    CHECK_THAT(refusal("{{ " + repeated(open, 100'000) + "1" + repeated(close, 100'000) + " }}"),
               Contains("nested deeper than 100 levels"));
  CHECK_THAT(refusal("{{ 1" + repeated(" + 1", 100'000) + " }}"), Contains("more than 1000 operators"));
  CHECK_THAT(refusal(repeated("{% if x %}", 100'000)), Contains("nested deeper"));
  CHECK(rendered("{{ 1" + repeated(" + 1", 900) + " }}") == "901");
  CHECK_THAT(refusal("{% set n = namespace(x=1) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}"),
             Contains("nest deeper than 200 levels"));
  CHECK_THAT(refusal("{% set n = namespace() %}{% set n.n = n %}{{ n }}"), Contains("nest deeper"));
  CHECK(
      rendered(
          "{% set n = namespace() %}{% for i in range(99999) %}{% set n.x = namespace(x=n.x) %}{% endfor %}{% set n.x = 1 %}a") ==
      "a");
}

TEST_CASE("No template works for ever, whatever it works on", "[text]") {
  const Json much{{"s", std::string(1'000'000, 'x')}, {"u", repeated("\u00e9", 500'000)}};
  std::vector<const char*> steps{"",
                                 "{% set y = s + 'a' %}",
                                 "{% set y = s|upper %}",
                                 "{% set y = s|replace('x', 'y') %}",
                                 "{% set y = s.split('x')|length %}",
                                 "{% set y = u[i] %}",
                                 "{% set y = s[::-1] %}",
                                 "{% set y = 'y' in s %}",
                                 "{% set y = s == s ~ 'a' %}",
                                 "{% set y = s|tojson %}",
                                 "{% set y = s.count('xy') %}",
                                 "{% set y = [s]|join %}",
                                 "{% set y = s|list|length %}",
                                 "{% set y = 'xx' * 400000 %}"};
#ifdef HYPLORA_SANITIZED
  steps.resize(2);  // a minute each
#endif
  for (const char* step : steps)
    CHECK_THAT(
        refusal("{% for i in range(99999) %}{% for j in range(99999) %}" + std::string(step) + "{% endfor %}{% endfor %}",
                much),
        Contains("10^9 steps") || Contains("64 MiB"));
}

TEST_CASE("No template grows without end", "[text]") {
  CHECK_THAT(refusal("{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
             Contains("64 MiB"));
  CHECK_THAT(refusal("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
             Contains("64 MiB"));
  CHECK_THAT(refusal("{{ 'x' * 999999999 }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ [1] * 999999999 }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ 'x'.center(999999999) }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ [1]|batch(999999999, 0)|list }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ [1]|slice(999999999)|list }}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ '%999999999d' % 1 }}"), Contains("1000000 characters"));
  CHECK_THAT(refusal("{{ range(9999999) }}"), Contains("100000"));
  CHECK_THAT(refusal("{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}"), Contains("64 MiB"));
  CHECK_THAT(refusal("{{ 9223372036854775807 + 1 }}"), Contains("64 bits"));
  CHECK_THAT(refusal("{{ -9223372036854775807 - 2 }}"), Contains("64 bits"));
  CHECK_THAT(refusal("{{ 2 ** 64 }}"), Contains("64 bits"));
}

}  // namespace
}  // namespace hyplora

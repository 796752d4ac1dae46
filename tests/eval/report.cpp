// report.html.
#include "eval/report.h"

#include "support/support.h"
#include "support/xml.h"

namespace hyplora {
namespace {

Json entry(const std::string& benchmark, const Json& adapter, double accuracy) {
  return {{"benchmark", benchmark}, {"n", 100},           {"correct", 100 * accuracy},       {"accuracy", accuracy},
          {"stderr", 0.02},         {"adapter", adapter}, {"settings", {{"stop", {"a<b"}}}}, {"rows_per_second", 1.5}};
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t i = text.find(part); i != text.npos; i = text.find(part, i + 1)) ++found;
  return found;
}

/// The chart in the page.
std::string svg_of(const std::string& html) {
  const size_t begin = html.find("<svg"), end = html.find("</svg>");
  REQUIRE(end != html.npos);
  return html.substr(begin, end + 6 - begin);
}

TEST_CASE("The report is one page with a bar for each result, and escapes what it shows", "[eval]") {
  const Json loss{{"benchmark", "loss"}, {"n", 4}, {"loss", 2.5}, {"perplexity", 12.2}, {"adapter", nullptr}};
  const std::string html =
      evaluation_report({entry("boolq", nullptr, 0.5), entry("boolq", "runs/<x>&y", 0.75), entry("piqa", nullptr, 0.25), loss});
  CHECK(count(html, "50.0 % [40.4, 59.6]</title>") == 1);
  CHECK(count(html, "75.0 % [65.7, 82.5]</title>") == 1);
  CHECK(count(html, "<td>65.7 to 82.5 %</td>") == 1);
  CHECK(count(html, "height=\"195.0\"") == 1);  // 0.75 of 260
  CHECK(html.find("runs/<x>") == html.npos);
  CHECK(html.find("runs/&lt;x&gt;&amp;y") != html.npos);
  CHECK(html.find("a&lt;b") != html.npos);
  CHECK(html.find("2.5000") != html.npos);
  CHECK(html.find("src=") == html.npos);
  CHECK(html.ends_with("</html>\n"));
}

TEST_CASE("The report's chart is well-formed XML whatever the adapters are called", "[eval]") {
  const std::string html =
      evaluation_report({entry("boolq", "<a&\"b\">", 0.5), entry("boolq", "x\x02\xFF'", 0), entry("piqa", nullptr, 1)});
  CHECK(test::xml_fault(svg_of(html)) == "");
}

TEST_CASE("Where all or no answers are right the report shows how far that may be chance", "[eval]") {
  const std::string html = evaluation_report({entry("boolq", nullptr, 0), entry("piqa", nullptr, 1)});
  CHECK(count(html, "<td>0.0 to 3.7 %</td>") == 1);
  CHECK(count(html, "<td>96.3 to 100.0 %</td>") == 1);
}

TEST_CASE("Figures that are null are left empty in the report", "[eval]") {
  const Json lost{{"benchmark", "loss"}, {"n", 4}, {"loss", nullptr}, {"perplexity", nullptr}, {"adapter", nullptr}};
  Json odd = entry("boolq", nullptr, 0.5);
  odd["accuracy"] = nullptr;
  const std::string html = evaluation_report({lost, odd});
  CHECK(count(html, "<tr><td>loss</td><td>(base)</td><td>4</td><td></td>") == 1);
  CHECK(html.find("<svg") == html.npos);
}

}  // namespace
}  // namespace hyplora

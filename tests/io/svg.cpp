// Pictures: well-formed whatever is written in them, ticks at round values.
#include "io/svg.h"

#include "support/support.h"
#include "support/xml.h"

namespace hyplora {
namespace {

using Values = std::vector<double>;

TEST_CASE("Text is escaped for XML and HTML, and what XML does not allow is replaced", "[io]") {
  CHECK(escaped("<a&\"b\">'c'\n\t") == "&lt;a&amp;&quot;b&quot;&gt;&#39;c&#39;\n\t");
  CHECK(escaped("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80") == "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
  const std::string replaced = "\xEF\xBF\xBD";
  CHECK(escaped(std::string("\0\x1b[31m", 6)) == replaced + replaced + "[31m");
  CHECK(escaped("a\xFF"
                "b\xEF\xBF\xBF\xEF\xBF\xBE") == "a" + replaced + "b" + replaced + replaced);
}

TEST_CASE("The check of XML knows what a parser refuses", "[io]") {
  CHECK(test::xml_fault("<a b=\"1\"><c/>x &amp; y</a>").empty());
  for (const char* bad : {"<a>", "<a></b>", "<a><b></a></b>", "<a b=1/>", "<a>&</a>", "<a b=\"<\"/>", "<a/><a/>", "<a>\x02</a>",
                          "<a>\xFF</a>", "a", "<a b=\"1\"c=\"2\"/>", "<a>1 < 2</a>"}) {
    INFO(bad);
    CHECK_FALSE(test::xml_fault(bad).empty());
  }
}

TEST_CASE("A picture is well-formed XML whatever the names in it", "[io]") {
  Svg svg(200, 100, 12);
  for (const std::string name : {"<a&\"b\">", "'x'", "]]>", "\x01\xFF", "</text>", ""}) {
    svg.text({5, 5}, name);
    svg.legend({5, 5}, name, "red");
    svg.rect({0, 0}, {1, 1}, "#fff", name);
  }
  svg.line({0, 0}, {10, 10}, "#ddd");
  svg.polyline({{0, 0}, {1, 2}}, "blue", 1.5);
  svg.polyline({}, "blue", 1.5);
  svg.circle({1, 1}, 3, "blue");
  svg.grid_along_x({Axis::Scale::logarithmic, 0.1, 10, 0, 200}, 0, 90);
  svg.grid_along_y({Axis::Scale::linear, -1, 1, 90, 0}, 0, 200, " <%>");
  CHECK(test::xml_fault(svg.document()) == "");
  CHECK(svg.document().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 100\""));
}

Values ticks(Axis::Scale scale, double low, double high) { return Axis{scale, low, high, 0, 1}.ticks(); }

TEST_CASE("Ticks stand at 1, 2 or 5 times a power of ten, three to seven of them", "[io]") {
  CHECK(ticks(Axis::Scale::linear, 0, 100) == Values{0, 20, 40, 60, 80, 100});
  CHECK(ticks(Axis::Scale::linear, 0.37, 2.93) == Values{0.5, 1, 1.5, 2, 2.5});
  CHECK(ticks(Axis::Scale::linear, -3, 4) == Values{-2, 0, 2, 4});
  CHECK(ticks(Axis::Scale::whole, 0, 3) == Values{0, 1, 2, 3});
  CHECK(ticks(Axis::Scale::whole, 0, 1) == Values{0, 1});
  CHECK(ticks(Axis::Scale::whole, 0, 1234) == Values{0, 500, 1000});
  for (double high = 1; high < 1e9; high *= 1.37) {
    const size_t count = ticks(Axis::Scale::linear, 0, high).size();
    CHECK(count >= 3);
    CHECK(count <= 7);
  }
  for (const double extreme : {1e300, 1e-300, 1e17}) CHECK(ticks(Axis::Scale::linear, extreme, 1.001 * extreme).size() <= 7);
}

TEST_CASE("A logarithmic axis is ticked at powers of ten, a short one at 2 and 5 times these too", "[io]") {
  const auto labels = [](double low, double high) {
    std::string text;
    for (const double tick : ticks(Axis::Scale::logarithmic, low, high)) text += tick_label(tick) + " ";
    return text;
  };
  CHECK(labels(1e-6, 100) == "1e-6 1e-5 0.0001 0.001 0.01 0.1 1 10 100 ");
  CHECK(labels(0.1, 10) == "0.1 0.2 0.5 1 2 5 10 ");
  CHECK(labels(0.3, 6) == "0.5 1 2 5 ");
}

TEST_CASE("Ticks are told in few characters", "[io]") {
  CHECK(tick_label(3 * 0.1) == "0.3");
  CHECK(tick_label(200000) == "200000");
  CHECK(tick_label(0) == "0");
  CHECK(tick_label(-2.5) == "-2.5");
  CHECK(tick_label(1e-7) == "1e-7");
  CHECK(tick_label(2e20) == "2e20");
}

TEST_CASE("An axis puts values between its ends, beyond an end there, and what is no number at the low end", "[io]") {
  const Axis up{Axis::Scale::linear, 0, 10, 100, 0}, decades{Axis::Scale::logarithmic, 0.01, 1, 0, 200};
  CHECK(up.place(2.5) == 75);
  CHECK(up.place(11) == 0);
  CHECK(up.place(-INFINITY) == 100);
  CHECK(up.place(NAN) == 100);
  CHECK(decades.place(0.1) == Approx(100));
  CHECK(decades.place(0) == 0);
  CHECK(decades.place(-1) == 0);
  CHECK(decades.place(INFINITY) == 200);
}

}  // namespace
}  // namespace hyplora

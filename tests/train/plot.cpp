// loss.svg and curvature.svg.
#include "train/plot.h"

#include "support/support.h"
#include "support/xml.h"

namespace hyplora {
namespace {

TEST_CASE("The loss curve is well-formed XML, of many steps, one or none", "[train]") {
  const Json first{{"step", 1}, {"loss", 3.0}};
  CHECK(test::xml_fault(loss_plot({first, Json{{"step", 2}, {"loss", 2.0}}, Json{{"step", 2}, {"eval_loss", 2.5}}})) == "");
  CHECK(test::xml_fault(loss_plot({first})) == "");
  CHECK(test::xml_fault(loss_plot({})) == "");
}

TEST_CASE("Lines whose values are null or missing leave a gap in the curves", "[train]") {
  const Json good{{"step", 1}, {"loss", 3.0}, {"curvature", {{"min", 0.5}, {"mean", 1.0}, {"max", 2.0}}}};
  const Json null{{"step", 2}, {"loss", nullptr}, {"curvature", {{"min", 0.5}, {"mean", nullptr}, {"max", nullptr}}}};
  const std::vector<Json> lines{good,
                                null,
                                Json{{"step", 2}, {"eval_loss", nullptr}},
                                Json{{"loss", 2.0}},
                                Json{{"step", nullptr}, {"loss", 2.0}},
                                Json{{"step", 3}, {"curvature", nullptr}}};
  CHECK(loss_plot(lines) == loss_plot({good, Json{{"step", 2}, {"loss", nullptr}}}));
  const auto svg = curvature_plot(lines);
  REQUIRE(svg);
  CHECK(test::xml_fault(*svg) == "");
  CHECK(svg->find("nan") == svg->npos);
}

TEST_CASE("The curvature's curve is drawn where there is one", "[train]") {
  CHECK_FALSE(curvature_plot({Json{{"step", 1}, {"loss", 3.0}}}));
  const auto svg = curvature_plot({Json{{"step", 1}, {"curvature", {{"min", 0.5}, {"mean", 1.0}, {"max", 2.0}}}}});
  REQUIRE(svg);
  CHECK(svg->find("largest K") != std::string::npos);
  CHECK(svg->find(">0.5</text>") != std::string::npos);
}

TEST_CASE("Curvatures that differ by little fill the picture, and its ticks tell them apart", "[train]") {
  const auto line = [](int step, double K) {
    return Json{{"step", step}, {"curvature", {{"min", K}, {"mean", K + 1e-6}, {"max", K + 4e-6}}}};
  };
  const auto svg = curvature_plot({line(1, 1.0), line(2, 1.000001)});
  REQUIRE(svg);
  for (const char* label : {">1</text>", ">1.000002</text>", ">1.000004</text>"}) CHECK_THAT(*svg, test::Contains(label));
  CHECK(svg->find(">1.001</text>") == svg->npos);
}

}  // namespace
}  // namespace hyplora

// The picture of a geometry report: |y|/radius on a logarithmic axis, one row a module.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/geometry_report.h"

namespace hyplora {
namespace {

constexpr double row_height = 18, top = 64, bottom = 40, names = 300, plot = 420, bars = 160, gap = 24;

/// Powers of ten around all that is drawn.
struct LogAxis {
  double low = -3, high = 0;

  explicit LogAxis(const Json& modules) {
    double least = INFINITY, most = 0;
    for (const auto& row : modules) {
      const double from = row["y_over_radius"]["q05"], to = row["y_over_radius"]["q95"];
      if (from > 0) least = std::min(least, from);
      most = std::max(most, to);
    }
    if (most <= 0) return;
    high = std::ceil(std::log10(most));
    low = std::max(std::floor(std::log10(std::min(least, most))), high - 8);
    if (low >= high) low = high - 1;
  }
  double x(double value) const {
    const double place = value > 0 ? std::clamp((std::log10(value) - low) / (high - low), 0.0, 1.0) : 0;
    return names + plot * place;
  }
};

std::string grid(const LogAxis& axis, double height) {
  std::string svg;
  for (double power = axis.low; power <= axis.high; ++power) {
    const double x = axis.x(std::pow(10, power));
    svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#ddd\"/>\n", x, top - 6,
                       height - bottom);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">1e{:.0f}</text>\n", x, height - bottom + 16, power);
  }
  return svg;
}

std::string span(const LogAxis& axis, const Json& q, const char* from, const char* to, double y, double width) {
  return fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#1f77b4\" stroke-width=\"{}\"/>\n",
                     axis.x(q[from]), axis.x(q[to]), y, y, width);
}

std::string module_row(const LogAxis& axis, const Json& row, double y) {
  const Json& q = row["y_over_radius"];
  const double share = row["unexplained"], left = names + plot + gap;
  std::string svg = fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", names - 10, y + 4,
                                row["path"].get<std::string>());
  svg += span(axis, q, "q05", "q95", y, 1.5) + span(axis, q, "q25", "q75", y, 6);
  svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"#d62728\"/>\n", axis.x(q["q50"]), y);
  svg += fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"8\" fill=\"#ff7f0e\"/>\n", left, y - 4,
                     bars * 0.6 * share);
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{:.2g} %</text>\n", left + bars * 0.6 * share + 4, y + 4, 100 * share);
  svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\">K {:.3g}</text>\n", left + bars, y + 4, row["K"].get<double>());
  return svg;
}

}  // namespace

std::string geometry_svg(const Json& report) {
  const Json& modules = report["modules"];
  const LogAxis axis(modules);
  const double height = top + row_height * static_cast<double>(modules.size()) + bottom, width = names + plot + gap + bars + 90;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"11\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      width, height);
  svg += fmt::format("<text x=\"12\" y=\"20\" font-size=\"14\">{}</text>\n", report["kind"].get<std::string>());
  svg += fmt::format("<text x=\"{}\" y=\"44\">|y| over {} (5 to 95 %, middle half, median)</text>\n", names,
                     modules.empty() ? std::string("the radius") : modules[0]["radius_is"].get<std::string>());
  svg += fmt::format("<text x=\"{}\" y=\"44\">not linear</text>\n", names + plot + gap);
  svg += grid(axis, height);
  double y = top + row_height / 2;
  for (const auto& row : modules) {
    svg += module_row(axis, row, y);
    y += row_height;
  }
  return svg + "</svg>\n";
}

}  // namespace hyplora

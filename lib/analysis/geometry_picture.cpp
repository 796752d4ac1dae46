// The picture of a geometry report: |y|/radius on a logarithmic axis, one row per module.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/geometry_report.h"
#include "core/numbers.h"
#include "io/svg.h"

namespace hyplora {
namespace {

constexpr double row_height = 20, top = 70, bottom = 40, plot = 440, share_bar = 100, share_column = 160, gap = 24,
                 font_size = 13;

/// The powers of ten around all that is drawn, at most eight.
Axis axis_over(const Json& modules, double from) {
  double least = INFINITY, most = 0;
  for (const auto& row : modules) {
    const double low = number_in(row["y_over_radius"], "q05").value_or(0);
    if (low > 0) least = std::min(least, low);
    most = std::max(most, number_in(row["y_over_radius"], "q95").value_or(0));
  }
  double low = -3, high = 0;
  if (most > 0) {
    high = std::ceil(std::log10(most));
    low = std::max(std::floor(std::log10(std::min(least, most))), high - 8);
    low = std::min(low, high - 1);
  }
  return {Axis::Scale::logarithmic, std::pow(10, low), std::pow(10, high), from, from + plot};
}

/// Where the columns begin: names end at `names`, then come the lengths, the shares that are not linear, K.
struct Columns {
  double names, lengths, shares, K, width;

  explicit Columns(const Json& modules) {
    double widest = 0;
    for (const auto& row : modules) widest = std::max(widest, text_width(row["path"].get<std::string>(), font_size));
    names = 12 + widest;
    lengths = names + 12;
    shares = lengths + plot + gap;
    K = shares + share_column;
    width = K + 110;
  }
};

void draw_row(const Json& row, double y, const Axis& axis, const Columns& columns, Svg& svg) {
  const Json& q = row["y_over_radius"];
  const double base_line = y + 0.35 * font_size;
  const auto place = [&](const char* level) { return Place{axis.place(number_in(q, level).value_or(0)), y}; };
  svg.text({columns.names, base_line}, row["path"], "end");
  svg.line(place("q05"), place("q95"), "#1f77b4", 1.5);
  svg.line(place("q25"), place("q75"), "#1f77b4", 7);
  svg.circle(place("q50"), 4, "#d62728");
  const Axis of_share{Axis::Scale::linear, 0, 1, columns.shares, columns.shares + share_bar};
  const double share = row["unexplained"], end = of_share.place(share);
  svg.rect({columns.shares, y - 4}, {end, y + 4}, "#ff7f0e");
  svg.text({end + 4, base_line}, fmt::format("{:.2g} %", 100 * share));
  svg.text({columns.K, base_line}, fmt::format("K {:.6g}", row["K"].get<double>()));
}

}  // namespace

std::string geometry_svg(const Json& report) {
  const Json& modules = report["modules"];
  const Columns columns(modules);
  const Axis axis = axis_over(modules, columns.lengths);
  const double height = top + row_height * static_cast<double>(modules.size()) + bottom;
  Svg svg(columns.width, height, font_size);
  svg.text({12, 22}, report["kind"]);
  svg.text({columns.lengths, 48},
           fmt::format("|y| over {} (5 to 95 %, middle half, median)",
                       modules.empty() ? std::string("the radius") : modules[0]["radius_is"].get<std::string>()));
  svg.text({columns.shares, 48}, "not linear");
  svg.grid_along_x(axis, top - 6, height - bottom);
  double y = top + row_height / 2;
  for (const auto& row : modules) {
    draw_row(row, y, axis, columns, svg);
    y += row_height;
  }
  return svg.document();
}

}  // namespace hyplora

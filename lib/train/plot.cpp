#include "train/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hyplora {
namespace {

constexpr double width = 760, height = 420, left = 60, right = 20, top = 30, bottom = 45;

struct Point {
  double step, value;
};

struct Series {
  std::string name, color;
  double stroke;
  bool dots;
  std::vector<Point> points;
};

void add_point(const Json& line, const Json& holder, const char* key, Series& series) {
  if (holder.contains(key) && holder[key].is_number())
    series.points.push_back({line["step"].get<double>(), holder[key].get<double>()});
}

struct Axes {
  double steps = 1, low = 0, high = 1;

  double x(double step) const { return left + (width - left - right) * step / steps; }
  double y(double value) const { return top + (height - top - bottom) * (high - value) / (high - low); }
};

Axes axes_for(const std::vector<Series>& all) {
  Axes axes;
  double low = INFINITY, high = -INFINITY;
  for (const auto& series : all) {
    for (const auto& point : series.points) {
      axes.steps = std::max(axes.steps, point.step);
      low = std::min(low, point.value);
      high = std::max(high, point.value);
    }
  }
  if (low > high) return axes;
  const double margin = std::max(1e-3, 0.05 * (high - low));
  axes.low = low - margin;
  axes.high = high + margin;
  return axes;
}

std::string drawn(const Series& series, const Axes& axes) {
  std::string path, svg;
  for (const auto& point : series.points) path += fmt::format("{:.1f},{:.1f} ", axes.x(point.step), axes.y(point.value));
  svg = fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>\n", path, series.color,
                    series.stroke);
  if (!series.dots) return svg;
  for (const auto& point : series.points) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", axes.x(point.step), axes.y(point.value),
                       series.color);
  }
  return svg;
}

std::string grid(const Axes& axes) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double value = axes.low + (axes.high - axes.low) * i / 5, step = axes.steps * i / 5;
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", left, width - right,
                       axes.y(value), axes.y(value));
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n", left - 6, axes.y(value) + 4, value);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>\n", axes.x(step), height - bottom + 18,
                       step);
  }
  return svg;
}

std::string plot(const std::vector<Series>& all) {
  const Axes axes = axes_for(all);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      width, height);
  svg += grid(axes);
  double legend = left;
  for (const auto& series : all) {
    svg += drawn(series, axes);
    svg += fmt::format("<text x=\"{}\" y=\"18\" fill=\"{}\">{}</text>\n", legend, series.color, series.name);
    legend += 110;
  }
  return svg +
         fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">optimiser step</text>\n</svg>\n", width / 2, height - 8);
}

}  // namespace

std::string loss_plot(const std::vector<Json>& metrics) {
  Series training{"training loss", "#1f77b4", 1.2, false, {}}, validation{"validation loss", "#d62728", 2, true, {}};
  for (const auto& line : metrics) {
    add_point(line, line, "loss", training);
    add_point(line, line, "eval_loss", validation);
  }
  return plot({training, validation});
}

std::optional<std::string> curvature_plot(const std::vector<Json>& metrics) {
  std::vector<Series> all{
      {"least K", "#2ca02c", 1.2, false, {}}, {"mean K", "#1f77b4", 2, false, {}}, {"largest K", "#d62728", 1.2, false, {}}};
  const std::array keys{"min", "mean", "max"};
  for (const auto& line : metrics) {
    if (!line.contains("curvature")) continue;
    for (size_t i = 0; i < keys.size(); ++i) add_point(line, line["curvature"], keys[i], all[i]);
  }
  if (all[0].points.empty()) return std::nullopt;
  return plot(all);
}

}  // namespace hyplora

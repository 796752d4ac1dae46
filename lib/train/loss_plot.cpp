#include "train/loss_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hyplora {
namespace {

constexpr double width = 760, height = 420, left = 60, right = 20, top = 30, bottom = 45;

struct Point {
  double step, loss;
};

std::vector<Point> points(const std::vector<Json>& metrics, const char* key) {
  std::vector<Point> found;
  for (const auto& line : metrics) {
    if (line.contains(key) && line[key].is_number()) found.push_back({line["step"].get<double>(), line[key].get<double>()});
  }
  return found;
}

struct Axes {
  double steps = 1, low = 0, high = 1;

  double x(double step) const { return left + (width - left - right) * step / steps; }
  double y(double loss) const { return top + (height - top - bottom) * (high - loss) / (high - low); }
};

Axes axes_for(const std::vector<Point>& a, const std::vector<Point>& b) {
  Axes axes;
  double low = INFINITY, high = -INFINITY;
  for (const auto* points : {&a, &b}) {
    for (const auto& point : *points) {
      axes.steps = std::max(axes.steps, point.step);
      low = std::min(low, point.loss);
      high = std::max(high, point.loss);
    }
  }
  if (low > high) return axes;
  const double margin = std::max(1e-3, 0.05 * (high - low));
  axes.low = low - margin;
  axes.high = high + margin;
  return axes;
}

std::string polyline(const std::vector<Point>& points, const Axes& axes, const char* style) {
  std::string path;
  for (const auto& point : points) path += fmt::format("{:.1f},{:.1f} ", axes.x(point.step), axes.y(point.loss));
  return fmt::format("<polyline points=\"{}\" fill=\"none\" {}/>\n", path, style);
}

std::string grid(const Axes& axes) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double loss = axes.low + (axes.high - axes.low) * i / 5, step = axes.steps * i / 5;
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", left, width - right, axes.y(loss),
                       axes.y(loss));
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n", left - 6, axes.y(loss) + 4, loss);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>\n", axes.x(step), height - bottom + 18, step);
  }
  return svg;
}

}  // namespace

std::string loss_plot(const std::vector<Json>& metrics) {
  const auto training = points(metrics, "loss"), validation = points(metrics, "eval_loss");
  const Axes axes = axes_for(training, validation);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      width, height);
  svg += grid(axes);
  svg += polyline(training, axes, "stroke=\"#1f77b4\" stroke-width=\"1.2\"");
  svg += polyline(validation, axes, "stroke=\"#d62728\" stroke-width=\"2\"");
  for (const auto& point : validation) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#d62728\"/>\n", axes.x(point.step), axes.y(point.loss));
  }
  svg += fmt::format("<text x=\"{}\" y=\"18\" fill=\"#1f77b4\">training loss</text>\n", left);
  svg += fmt::format("<text x=\"{}\" y=\"18\" fill=\"#d62728\">validation loss</text>\n", left + 110);
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">optimiser step</text>\n</svg>\n", width / 2, height - 8);
  return svg;
}

}  // namespace hyplora

#include "train/plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/numbers.h"
#include "io/svg.h"

namespace hyplora {
namespace {

constexpr double width = 640, height = 400, least_left = 80, right = 35, top = 40, bottom = 60, font_size = 16;

struct Point {
  double step, value;
};

struct Series {
  std::string name, colour;
  double stroke;
  bool dots;
  std::vector<Point> points;
};

void add_point(const Json& line, const Json& holder, const char* key, Series& series) {
  const auto step = number_in(line, "step"), value = number_in(holder, key);
  if (step && value) series.points.push_back({*step, *value});
}

struct Axes {
  Axis x{Axis::Scale::whole, 0, 1, least_left, width - right};
  Axis y{Axis::Scale::linear, 0, 1, height - bottom, top};
};

/// The room that the labels of y need: values that differ by little have many digits.
double left_of(const Axis& y) {
  double left = least_left;
  for (const double tick : y.ticks()) left = std::max(left, text_width(tick_label(tick), font_size) + font_size);
  return left;
}

/// All steps, and the values with some room above and below them.
Axes axes_for(const std::vector<Series>& all) {
  Axes axes;
  double low = INFINITY, high = -INFINITY;
  for (const auto& series : all) {
    for (const auto& point : series.points) {
      axes.x.high = std::max(axes.x.high, point.step);
      low = std::min(low, point.value);
      high = std::max(high, point.value);
    }
  }
  if (low > high) return axes;
  const double size = std::max(std::fabs(low), std::fabs(high));
  const double margin =
      std::max({0.05 * (high - low), (high > low ? 1e-8 : 1e-3) * size, 1e-9});  // ten digits tell ticks apart
  axes.y.low = low - margin;
  axes.y.high = high + margin;
  axes.x.from = left_of(axes.y);
  return axes;
}

void draw(const Series& series, const Axes& axes, Svg& svg) {
  std::vector<Place> places;
  for (const auto& point : series.points) places.push_back({axes.x.place(point.step), axes.y.place(point.value)});
  svg.polyline(places, series.colour, series.stroke);
  if (!series.dots) return;
  for (const Place& place : places) svg.circle(place, 4, series.colour);
}

std::string plot(const std::vector<Series>& all) {
  const Axes axes = axes_for(all);
  const double left = axes.x.from;
  Svg svg(width, height, font_size);
  svg.grid_along_x(axes.x, top, height - bottom);
  svg.grid_along_y(axes.y, left, width - right);
  double legend = left;
  for (const auto& series : all) {
    draw(series, axes, svg);
    legend += svg.legend({legend, top - 15}, series.name, series.colour) + 1.5 * font_size;
  }
  svg.text({(left + width - right) / 2, height - 12}, "optimiser step", "middle");
  return svg.document();
}

}  // namespace

std::string loss_plot(const std::vector<Json>& metrics) {
  Series training{"training loss", "#1f77b4", 1.5, false, {}}, validation{"validation loss", "#d62728", 2.5, true, {}};
  for (const auto& line : metrics) {
    add_point(line, line, "loss", training);
    add_point(line, line, "eval_loss", validation);
  }
  return plot({training, validation});
}

std::optional<std::string> curvature_plot(const std::vector<Json>& metrics) {
  std::vector<Series> all{
      {"least K", "#2ca02c", 1.5, false, {}}, {"mean K", "#1f77b4", 2.5, false, {}}, {"largest K", "#d62728", 1.5, false, {}}};
  const std::array keys{"min", "mean", "max"};
  bool any = false;
  for (const auto& line : metrics) {
    if (!line.contains("curvature")) continue;
    any = true;
    for (size_t i = 0; i < keys.size(); ++i) add_point(line, line["curvature"], keys[i], all[i]);
  }
  if (!any) return std::nullopt;
  return plot(all);
}

}  // namespace hyplora

#include "io/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/json.h"

namespace hyplora {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr const char* grid_colour = "#ddd";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

std::string_view written(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

/// The smallest of 1, 2, 5, 10, ... times a power of ten that is not below `least`.
double round_spacing(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (times * power >= least) return times * power;
  }
  return 10 * power;
}

/// The multiples of `spacing`, which is at least a sixth of the distance.
std::vector<double> even_ticks(double low, double high, double spacing) {
  const double first = std::ceil(low / spacing);
  std::vector<double> ticks;
  for (int i = 0; i <= 6 && (first + i) * spacing <= high; ++i) ticks.push_back((first + i) * spacing);
  return ticks;
}

std::vector<double> logarithmic_ticks(double low, double high) {
  constexpr double slack = 1e-9;  // an end that is a power of ten is a tick
  const std::vector<double> times = std::log10(high / low) <= 2 + slack ? std::vector{1.0, 2.0, 5.0} : std::vector{1.0};
  std::vector<double> ticks;
  for (double power = std::floor(std::log10(low)); power <= std::log10(high) + slack; ++power) {
    for (const double t : times) {
      const double tick = t * std::pow(10, power);
      if (tick >= low * (1 - slack) && tick <= high * (1 + slack)) ticks.push_back(tick);
    }
  }
  return ticks;
}

}  // namespace

std::string escaped(const std::string& text) {
  const std::string valid = parse_json(json_text(Json(text)), "text").get<std::string>();  // bytes that are no UTF-8 replaced
  std::string safe;
  for (size_t i = 0; i < valid.size(); ++i) {
    const bool noncharacter = valid.compare(i, 3, "\xEF\xBF\xBE") == 0 || valid.compare(i, 3, "\xEF\xBF\xBF") == 0;
    if (noncharacter) i += 2;
    if (noncharacter || is_control(valid[i])) {
      safe += replacement;
    } else if (const auto entity = written(valid[i]); !entity.empty()) {
      safe += entity;
    } else {
      safe += valid[i];
    }
  }
  return safe;
}

double Axis::place(double value) const {
  const auto of = [this](double x) { return scale == Scale::logarithmic ? std::log10(x) : x; };
  const double share = (of(value) - of(low)) / (of(high) - of(low));
  return from + (to - from) * (share >= 0 ? std::min(share, 1.0) : 0);
}

std::vector<double> Axis::ticks() const {
  if (scale == Scale::logarithmic) return logarithmic_ticks(low, high);
  const double spacing = round_spacing((high - low) / 6);
  return even_ticks(low, high, scale == Scale::whole ? std::max(spacing, 1.0) : spacing);
}

std::string tick_label(double value) {
  std::string text = fmt::format("{:.10g}", value);
  const size_t exponent = text.find('e');
  if (exponent == text.npos) return text;
  return fmt::format("{}e{}", text.substr(0, exponent), std::stoi(text.substr(exponent + 1)));
}

double text_width(const std::string& text, double font_size) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return 0.62 * font_size * static_cast<double>(characters);
}

Svg::Svg(double width, double height, double font_size)
    : font_size_(font_size),
      drawn_(fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:g} {1:g}" width="{0:g}" height="{1:g}" )"
                         R"(font-family="sans-serif" font-size="{2:g}">)"
                         "\n",
                         width, height, font_size)) {
  rect({0, 0}, {width, height}, "white");
}

void Svg::line(Place from, Place to, const std::string& colour, double width) {
  drawn_ += fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:g}"/>)"
                        "\n",
                        from.x, from.y, to.x, to.y, colour, width);
}

void Svg::polyline(const std::vector<Place>& places, const std::string& colour, double width) {
  std::string points;
  for (const Place& p : places) points += fmt::format("{:.1f},{:.1f} ", p.x, p.y);
  drawn_ += fmt::format(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}"/>)"
                        "\n",
                        points, colour, width);
}

void Svg::circle(Place centre, double radius, const std::string& colour) {
  drawn_ += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{:g}" fill="{}"/>)"
                        "\n",
                        centre.x, centre.y, radius, colour);
}

void Svg::rect(Place corner, Place opposite, const std::string& colour, const std::string& title) {
  drawn_ += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}">)", corner.x, corner.y,
                        opposite.x - corner.x, opposite.y - corner.y, colour);
  if (!title.empty()) drawn_ += "<title>" + escaped(title) + "</title>";
  drawn_ += "</rect>\n";
}

void Svg::text(Place place, const std::string& text, const std::string& anchor, const std::string& colour) {
  drawn_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}">{}</text>)"
                        "\n",
                        place.x, place.y, anchor, colour, escaped(text));
}

void Svg::grid_along_x(const Axis& x, double top, double bottom) {
  for (const double tick : x.ticks()) {
    line({x.place(tick), top}, {x.place(tick), bottom}, grid_colour);
    text({x.place(tick), bottom + 1.3 * font_size_}, tick_label(tick), "middle");
  }
}

void Svg::grid_along_y(const Axis& y, double left, double right, const std::string& unit) {
  for (const double tick : y.ticks()) {
    line({left, y.place(tick)}, {right, y.place(tick)}, grid_colour);
    text({left - 0.5 * font_size_, y.place(tick) + 0.35 * font_size_}, tick_label(tick) + unit, "end");
  }
}

double Svg::legend(Place place, const std::string& name, const std::string& colour) {
  const double square = 0.75 * font_size_;
  rect({place.x, place.y - square}, {place.x + square, place.y}, colour);
  text({place.x + 1.2 * font_size_, place.y}, name);
  return 1.2 * font_size_ + text_width(name, font_size_);
}

std::string Svg::document() const { return drawn_ + "</svg>\n"; }

}  // namespace hyplora

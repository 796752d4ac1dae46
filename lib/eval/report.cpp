#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/numbers.h"
#include "eval/interval.h"
#include "io/svg.h"

namespace hyplora {
namespace {

constexpr double bar = 26, gap = 4, group_gap = 30, left = 70, right = 20, top = 20, plot_height = 260, bottom = 46;
constexpr double font_size = 14, legend_row = 22;
constexpr const char* colours[] = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"};

const char* colour_of(size_t series) { return colours[series % std::size(colours)]; }

std::string adapter_of(const Json& entry) {
  const Json adapter = entry.value("adapter", Json());
  return adapter.is_string() ? adapter.get<std::string>() : "(base)";
}

/// In the order in which they come, once each.
std::vector<std::string> distinct(const std::vector<Json>& results, const std::function<std::string(const Json&)>& name) {
  std::vector<std::string> names;
  for (const Json& entry : results) {
    if (std::find(names.begin(), names.end(), name(entry)) == names.end()) names.push_back(name(entry));
  }
  return names;
}

/// Where the bars of each benchmark and adapter stand.
struct Layout {
  std::vector<std::string> benchmarks, adapters;
  double group = 0, width = 0;
  Axis percent{Axis::Scale::linear, 0, 100, top + plot_height, top};

  explicit Layout(const std::vector<Json>& scored)
      : benchmarks(distinct(scored, [](const Json& e) { return e["benchmark"].get<std::string>(); })),
        adapters(distinct(scored, adapter_of)) {
    group = static_cast<double>(adapters.size()) * (bar + gap) + group_gap;
    double legend = 0;
    for (const auto& name : benchmarks) group = std::max(group, text_width(name, font_size) + 10);
    for (const auto& name : adapters) legend = std::max(legend, text_width(name, font_size) + 2 * font_size);
    width = left + right + std::max(group * static_cast<double>(benchmarks.size()), legend);
  }
  double group_start(size_t benchmark) const { return left + group * static_cast<double>(benchmark); }
  double bar_start(size_t benchmark, size_t adapter) const {
    const double bars = static_cast<double>(adapters.size()) * (bar + gap) - gap;
    return group_start(benchmark) + (group - bars) / 2 + static_cast<double>(adapter) * (bar + gap);
  }
  double height() const { return top + plot_height + bottom + legend_row * static_cast<double>(adapters.size()); }
};

size_t place_in(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// In percent. Entries of earlier versions have the counts, too.
Interval interval_of(const Json& entry) {
  const auto [low, high] =
      wilson_interval(std::llround(number_in(entry, "correct").value_or(0)), std::llround(number_in(entry, "n").value_or(0)));
  return {100 * low, 100 * high};
}

/// One bar with its whisker, the interval.
void draw(const Json& entry, const Layout& layout, Svg& svg) {
  const double accuracy = 100 * entry["accuracy"].get<double>();
  const auto [low, high] = interval_of(entry);
  const size_t series = place_in(layout.adapters, adapter_of(entry));
  const double x = layout.bar_start(place_in(layout.benchmarks, entry["benchmark"]), series), middle = x + bar / 2;
  svg.rect({x, layout.percent.place(accuracy)}, {x + bar, layout.percent.place(0)}, colour_of(series),
           fmt::format("{} {}: {:.1f} % [{:.1f}, {:.1f}]", entry["benchmark"].get<std::string>(), adapter_of(entry), accuracy,
                       low, high));
  svg.line({middle, layout.percent.place(high)}, {middle, layout.percent.place(low)}, "#222", 1.5);
}

std::string chart(const std::vector<Json>& scored) {
  const Layout layout(scored);
  Svg svg(layout.width, layout.height(), font_size);
  svg.grid_along_y(layout.percent, left, layout.width - right, " %");
  for (const Json& entry : scored) draw(entry, layout, svg);
  for (size_t i = 0; i < layout.benchmarks.size(); ++i)
    svg.text({layout.group_start(i) + layout.group / 2, top + plot_height + 20}, layout.benchmarks[i], "middle");
  for (size_t i = 0; i < layout.adapters.size(); ++i) {
    const double y = top + plot_height + bottom + legend_row * static_cast<double>(i);
    svg.legend({left, y}, layout.adapters[i], colour_of(i));
  }
  return svg.document() + "<p>Whiskers: 95 % intervals (Wilson).</p>\n";
}

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }

std::string percent(const Json& entry, const char* key) {
  const auto share = number_in(entry, key);
  return share ? fmt::format("{:.1f} %", 100 * *share) : "";
}

std::string interval(const Json& entry) {
  if (!number_in(entry, "accuracy")) return "";
  const auto [low, high] = interval_of(entry);
  return fmt::format("{:.1f} to {:.1f} %", low, high);
}

std::string figure(const Json& entry, const char* key, int digits) {
  const auto number = number_in(entry, key);
  return number ? fmt::format("{:.{}f}", *number, digits) : "";
}

std::string table(const std::vector<Json>& results) {
  std::string html = "<table>\n<tr>";
  for (const char* name : {"benchmark", "adapter", "rows", "correct", "accuracy", "95 % interval", "strict", "normalised",
                           "loss", "perplexity", "truncated", "rows/s", "tokens/s", "seconds"}) {
    html += fmt::format("<th>{}</th>", name);
  }
  html += "</tr>\n";
  for (const Json& e : results) {
    html += "<tr>" + cell(e["benchmark"]) + cell(adapter_of(e)) + cell(figure(e, "n", 0)) + cell(figure(e, "correct", 0)) +
            cell(percent(e, "accuracy")) + cell(interval(e)) + cell(percent(e, "accuracy_strict")) +
            cell(percent(e, "accuracy_normalised")) + cell(figure(e, "loss", 4)) + cell(figure(e, "perplexity", 3)) +
            cell(figure(e, "truncated", 0)) + cell(figure(e, "rows_per_second", 1)) + cell(figure(e, "tokens_per_second", 0)) +
            cell(figure(e, "seconds", 1)) + "</tr>\n";
  }
  return html + "</table>\n";
}

std::string shown(const Json& value) { return value.is_string() ? value.get<std::string>() : json_text(value); }

/// What the runs share stands once; settings are the same for all of one call.
std::string settings_table(const std::vector<Json>& results) {
  std::string html = "<table>\n<tr><th>model</th>" + cell(shown(results[0].value("model", Json("")))) + "</tr>\n";
  const Json hashes = results[0].value("hashes", Json::object()), settings = results[0].value("settings", Json::object());
  for (const auto& [key, value] : settings.items())
    html += "<tr><th>" + escaped(key) + "</th>" + cell(shown(value)) + "</tr>\n";
  for (const char* key : {"model", "tokenizer", "few_shot_data"}) {
    if (hashes.contains(key) && hashes[key].is_string())
      html += fmt::format("<tr><th>hash of {}</th>{}</tr>\n", key, cell(hashes[key]));
  }
  html +=
      "</table>\n<h2>Files</h2>\n<table>\n<tr><th>benchmark</th><th>data</th><th>hash</th><th>adapter</th><th>hash</th></tr>\n";
  for (const Json& e : results) {
    const Json own = e.value("hashes", Json::object());
    const auto hash = [&](const char* key) {
      return own.contains(key) && own[key].is_string() ? own[key].get<std::string>() : "";
    };
    html += "<tr>" + cell(e["benchmark"]) + cell(e.value("data", "")) + cell(hash("data")) + cell(adapter_of(e)) +
            cell(hash("adapter")) + "</tr>\n";
  }
  return html + "</table>\n";
}

}  // namespace

std::string evaluation_report(const std::vector<Json>& results) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>hyplora evaluation</title>\n<style>\n"
      "body { font-family: sans-serif; margin: 2em; }\ntable { border-collapse: collapse; margin: 1em 0; }\n"
      "td, th { border: 1px solid #ccc; padding: 0.25em 0.6em; text-align: left; font-size: 0.9em; "
      "}\n</style>\n</head>\n<body>\n"
      "<h1>Evaluation</h1>\n";
  std::vector<Json> scored;
  std::copy_if(results.begin(), results.end(), std::back_inserter(scored),
               [](const Json& e) { return number_in(e, "accuracy").has_value(); });
  if (!scored.empty()) html += chart(scored);
  html += table(results);
  if (!results.empty()) html += "<h2>Settings</h2>\n" + settings_table(results);
  return html + "</body>\n</html>\n";
}

}  // namespace hyplora

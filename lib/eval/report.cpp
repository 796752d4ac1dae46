#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace hyplora {
namespace {

constexpr double bar = 22, gap = 4, group_gap = 30, left = 60, right = 20, top = 20, bottom = 50, plot_height = 260;
constexpr const char* colours[] = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"};

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else {
      safe += c;
    }
  }
  return safe;
}

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

double y_of(double accuracy) { return top + plot_height * (1 - accuracy); }

std::string axis(double width) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double share = i / 5.0;
    svg += fmt::format("<line x1=\"{}\" x2=\"{:.0f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", left, width - right,
                       y_of(share), y_of(share));
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.0f} %</text>\n", left - 6, y_of(share) + 4,
                       100 * share);
  }
  return svg;
}

/// One bar with its whisker of a standard error to either side.
std::string drawn(const Json& entry, double x, const char* colour) {
  const double accuracy = entry["accuracy"], error = entry["stderr"], middle = x + bar / 2;
  const double low = std::max(0.0, accuracy - error), high = std::min(1.0, accuracy + error);
  std::string svg = fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" fill=\"{}\"><title>{} {}: {:.1f} % ± {:.1f} "
      "%</title></rect>\n",
      x, y_of(accuracy), bar, plot_height * accuracy, colour, escaped(entry["benchmark"]), escaped(adapter_of(entry)),
      100 * accuracy, 100 * error);
  svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"#222\"/>\n", middle,
                     y_of(high), y_of(low));
  return svg;
}

std::string chart(const std::vector<Json>& scored) {
  const auto benchmarks = distinct(scored, [](const Json& e) { return e["benchmark"].get<std::string>(); });
  const auto adapters = distinct(scored, adapter_of);
  const double group = std::max(90.0, static_cast<double>(adapters.size()) * (bar + gap) + group_gap);
  const double width = left + right + group * static_cast<double>(benchmarks.size()), height = top + plot_height + bottom;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n",
      width, height);
  svg += axis(width);
  for (const Json& entry : scored) {
    const auto place = [&](const std::vector<std::string>& names, const std::string& name) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    const size_t column = place(benchmarks, entry["benchmark"]), series = place(adapters, adapter_of(entry));
    const double start = left + group * static_cast<double>(column) + group_gap / 2;
    svg += drawn(entry, start + static_cast<double>(series) * (bar + gap), colours[series % std::size(colours)]);
  }
  for (size_t i = 0; i < benchmarks.size(); ++i) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                       left + group * (static_cast<double>(i) + 0.5), top + plot_height + 18, escaped(benchmarks[i]));
  }
  svg += "</svg>\n<p>";
  for (size_t i = 0; i < adapters.size(); ++i) {
    svg += fmt::format("<span style=\"color:{}\">&#9632;</span> {} &nbsp; ", colours[i % std::size(colours)],
                       escaped(adapters[i]));
  }
  return svg + "</p>\n<p>Whiskers: one standard error to either side.</p>\n";
}

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }

std::string percent(const Json& entry, const char* key) {
  return entry.contains(key) ? fmt::format("{:.1f} %", 100 * entry[key].get<double>()) : "";
}

std::string figure(const Json& entry, const char* key, int digits) {
  return entry.contains(key) ? fmt::format("{:.{}f}", entry[key].get<double>(), digits) : "";
}

std::string table(const std::vector<Json>& results) {
  std::string html = "<table>\n<tr>";
  for (const char* name : {"benchmark", "adapter", "rows", "correct", "accuracy", "±", "strict", "normalised", "loss",
                           "perplexity", "truncated", "rows/s", "tokens/s", "seconds"}) {
    html += fmt::format("<th>{}</th>", name);
  }
  html += "</tr>\n";
  for (const Json& e : results) {
    html += "<tr>" + cell(e["benchmark"]) + cell(adapter_of(e)) + cell(figure(e, "n", 0)) + cell(figure(e, "correct", 0)) +
            cell(percent(e, "accuracy")) + cell(percent(e, "stderr")) + cell(percent(e, "accuracy_strict")) +
            cell(percent(e, "accuracy_normalised")) + cell(figure(e, "loss", 4)) + cell(figure(e, "perplexity", 3)) +
            cell(figure(e, "truncated", 0)) + cell(figure(e, "rows_per_second", 1)) + cell(figure(e, "tokens_per_second", 0)) +
            cell(figure(e, "seconds", 1)) + "</tr>\n";
  }
  return html + "</table>\n";
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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
               [](const Json& e) { return e.contains("accuracy"); });
  if (!scored.empty()) html += chart(scored);
  html += table(results);
  if (!results.empty()) html += "<h2>Settings</h2>\n" + settings_table(results);
  return html + "</body>\n</html>\n";
}

}  // namespace hyplora

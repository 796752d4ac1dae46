#include "analysis/geometry_report.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/quantile.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "adapter/kinds.h"
#include "adapter/observe.h"
#include "analysis/linear_fit.h"
#include "analysis/token_frequency.h"
#include "core/error.h"
#include "hyperbolic/variants.h"

namespace hyplora {
namespace {

/// What is kept of a module's tokens.
struct Seen {
  std::vector<at::Tensor> x_norms, y_norms, unexplained;
};

Json quantiles(const at::Tensor& values) {
  static const std::vector<double> levels{0.05, 0.25, 0.5, 0.75, 0.95, 1};
  const at::Tensor at_levels = at::quantile(values, at::tensor(levels, at::kDouble));
  Json all = Json::object();
  const char* names[] = {"q05", "q25", "q50", "q75", "q95", "max"};
  for (size_t i = 0; i < levels.size(); ++i) all[names[i]] = at_levels[static_cast<int64_t>(i)].item<double>();
  return all;
}

/// Null where there are none.
Json median_of(const at::Tensor& values) {
  return values.numel() > 0 ? Json(at::quantile(values, 0.5).item<double>()) : Json(nullptr);
}

int64_t count(const at::Tensor& which) { return which.sum().item<int64_t>(); }

/// Some of a module's tokens: how many, medians of sinh's argument and of the unexplained share.
Json some_tokens(const at::Tensor& which, const at::Tensor& sinh_argument, const at::Tensor& unexplained) {
  return {{"tokens", count(which)},
          {"sinh_argument", sinh_argument.defined() ? median_of(sinh_argument.masked_select(which)) : Json(nullptr)},
          {"unexplained", median_of(unexplained.masked_select(which))}};
}

Json module_report(const Observed& observed, const Seen& seen, const AdapterOptions& options, const FrequencyClasses& classes) {
  const GateShape shape = observed.adapter->shape();
  const at::Tensor x = at::cat(seen.x_norms).cpu(), y = at::cat(seen.y_norms).cpu(),
                   unexplained = at::cat(seen.unexplained).cpu(), held = at_bound(shape, x),
                   th = shape.input_radius > 0 ? x / shape.input_radius : at::Tensor();
  const auto norm_scale = observed.adapter->norm_scale();
  Json row{{"path", observed.path},
           {"K", shape.K},
           {"norm_scale", norm_scale ? Json(*norm_scale) : Json(nullptr)},
           {"radius", shape.radius},
           {"radius_is", find_variant(options.hyplora_variant).radius},
           {"tokens", y.numel()},
           {"y_over_radius", quantiles(y / shape.radius)},
           {"sinh_argument", th.defined() ? quantiles(th) : Json(nullptr)},
           {"unexplained", median_of(unexplained)},
           {"unexplained_held", median_of(unexplained.masked_select(held))},
           {"rare", some_tokens(classes.rare, th, unexplained)},
           {"frequent", some_tokens(classes.frequent, th, unexplained)},
           {"flat_tokens", count(y < shape.flat_below)}};
  row["sinh_held_tokens"] = count(held);
  row["norm_held_tokens"] = count(x < shape.least_norm);
  return row;
}

/// Over the modules that have it; null where none has.
Json mean_of(const Json& modules, const char* key) {
  double sum = 0, n = 0;
  for (const auto& row : modules) {
    if (row[key].is_null()) continue;
    sum += row[key].get<double>();
    ++n;
  }
  return n > 0 ? Json(sum / n) : Json(nullptr);
}

Json summary_of(const Json& modules) {
  double least = INFINITY, most = -INFINITY, sum_K = 0, unexplained = 0, largest = -1, median = 0;
  int64_t tokens = 0, flat = 0, sinh_held = 0, norm_held = 0;
  std::string where;
  for (const auto& row : modules) {
    const double K = row["K"], share = row["unexplained"];
    least = std::min(least, K);
    most = std::max(most, K);
    sum_K += K;
    unexplained += share;
    median += row["y_over_radius"]["q50"].get<double>();
    if (share > largest) where = row["path"];
    largest = std::max(largest, share);
    tokens += row["tokens"].get<int64_t>();
    flat += row["flat_tokens"].get<int64_t>();
    sinh_held += row["sinh_held_tokens"].get<int64_t>();
    norm_held += row["norm_held_tokens"].get<int64_t>();
  }
  const auto n = static_cast<double>(modules.size());
  return {{"modules", modules.size()},
          {"K", {{"least", least}, {"mean", sum_K / n}, {"largest", most}}},
          {"mean_median_y_over_radius", median / n},
          {"unexplained", {{"mean", unexplained / n}, {"largest", largest}, {"largest_at", where}}},
          {"unexplained_held", mean_of(modules, "unexplained_held")},
          {"flat_share", static_cast<double>(flat) / static_cast<double>(tokens)},
          {"sinh_held_tokens", sinh_held},
          {"norm_held_tokens", norm_held}};
}

}  // namespace

Json geometry_report(Transformer& model, const fs::path& adapter, const std::vector<Example>& rows) {
  const AdapterOptions options = read_adapter_options(adapter);
  if (!is_hyperbolic(options)) {
    throw InputError("{}: is no hyperbolic adapter ({}); there is no curvature to report.", adapter.string(),
                     adapter_text(options));
  }
  const Adapters loaded = Adapters::load(model, adapter);
  const std::vector<Observed> adapters = hyperbolic_adapters(model);
  std::vector<Seen> seen(adapters.size());
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    const TokenGeometry tokens = adapters[i].adapter->geometry(x);
    seen[i].x_norms.push_back(tokens.x_norms);
    seen[i].y_norms.push_back(tokens.y_norms);
  });
  const auto fits = fit_linear_maps(model, adapters, rows, AtBound::stays_out);
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    const HyperbolicAdapter& one = *adapters[i].adapter;
    seen[i].unexplained.push_back(fits[i].unexplained_of(one.geometry(x), x.to(at::kDouble), one.outer()));
  });
  const FrequencyClasses classes = by_frequency(rows);
  Json modules = Json::array();
  for (size_t i = 0; i < adapters.size(); ++i) modules.push_back(module_report(adapters[i], seen[i], options, classes));
  Json report{{"adapter", adapter.string()}, {"kind", adapter_text(options)}, {"rows", rows.size()}};
  report["summary"] = summary_of(modules);
  report["modules"] = modules;
  return report;
}

std::string geometry_csv(const Json& report) {
  std::string text =
      "module,K,norm_scale,radius,radius_is,tokens,y_q05,y_q25,y_q50,y_q75,y_q95,y_max,sinh_q50,sinh_q95,sinh_max,unexplained,"
      "unexplained_held,flat_tokens,sinh_held_tokens,norm_held_tokens,rare_sinh,rare_unexplained,frequent_sinh,frequent_unexplained\n";
  for (const auto& row : report["modules"]) {
    std::vector<std::string> cells;
    const auto add = [&](const Json& value) {
      cells.push_back(value.is_null() ? "" : value.is_string() ? value.get<std::string>() : json_text(value));
    };
    for (const char* key : {"path", "K", "norm_scale", "radius", "radius_is", "tokens"}) add(row[key]);
    for (const char* key : {"q05", "q25", "q50", "q75", "q95", "max"}) add(row["y_over_radius"][key]);
    for (const char* key : {"q50", "q95", "max"}) add(row["sinh_argument"].is_null() ? Json() : row["sinh_argument"][key]);
    for (const char* key : {"unexplained", "unexplained_held", "flat_tokens", "sinh_held_tokens", "norm_held_tokens"})
      add(row[key]);
    for (const char* tokens : {"rare", "frequent"}) {
      for (const char* key : {"sinh_argument", "unexplained"}) add(row[tokens][key]);
    }
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace hyplora

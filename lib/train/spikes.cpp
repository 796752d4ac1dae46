#include "train/spikes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/numbers.h"

namespace hyplora {
namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double log_of(double value) { return std::log(std::max(value, 1e-30)); }

std::optional<Spike> judge_one(const Spike& named, const std::vector<double>& history, double value) {
  if (history.size() < SpikeWatch::least_history) return std::nullopt;
  std::vector<double> logs(history.size());
  std::transform(history.begin(), history.end(), logs.begin(), log_of);
  const double middle = median(logs);
  for (double& x : logs) x = std::fabs(x - middle);
  const double limit = middle + std::max(6 * 1.4826 * median(logs), std::log(2.0));
  if (log_of(value) <= limit) return std::nullopt;
  return Spike{named.quantity, named.title, value, std::exp(middle), std::exp(limit)};
}

void keep_window(std::vector<double>& history, double value) {
  if (history.size() == SpikeWatch::window) history.erase(history.begin());
  history.push_back(value);
}

}  // namespace

std::string Spike::text() const {
  return fmt::format("the {} is {:.4g}, its usual value {:.4g}, at most {:.4g}", title, value, usual, limit);
}

Json Spike::event(int64_t step, bool skipped) const {
  return {{"event", "spike"},
          {"step", step},
          {"quantity", quantity},
          {"value", json_number(value)},
          {"usual", json_number(usual)},
          {"limit", json_number(limit)},
          {"skipped", skipped}};
}

std::optional<Spike> SpikeWatch::judge(double loss, double grad_norm) const {
  if (auto spike = judge_one({"loss", "loss", 0, 0, 0}, losses_, loss)) return spike;
  return judge_one({"grad_norm", "gradient norm", 0, 0, 0}, norms_, grad_norm);
}

void SpikeWatch::add(double loss, double grad_norm) {
  keep_window(losses_, loss);
  keep_window(norms_, grad_norm);
}

Json SpikeWatch::to_json() const { return {{"losses", losses_}, {"grad_norms", norms_}}; }

SpikeWatch SpikeWatch::from_json(const Json& json) {
  SpikeWatch watch;
  watch.losses_ = json.at("losses").get<std::vector<double>>();
  watch.norms_ = json.at("grad_norms").get<std::vector<double>>();
  return watch;
}

}  // namespace hyplora

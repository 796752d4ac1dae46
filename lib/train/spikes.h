// Steps that explode. Of the last `window` steps' losses and gradient norms the median and the median distance from it (MAD)
// are taken, on the logarithm. A value is a spike where both hold (1.4826 MAD estimates a normal distribution's deviation):
//   log x - median  >  6 * 1.4826 * MAD     and     x > 2 exp(median)
// Every finite value joins the window, spikes too: a lasting change is reported until it fills half of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"

namespace hyplora {

struct Spike {
  std::string quantity, title;  // as metrics.jsonl and as people say it
  double value, usual, limit;

  std::string text() const;
  /// The line of metrics.jsonl.
  Json event(int64_t step, bool skipped) const;
};

class SpikeWatch {
 public:
  static constexpr size_t window = 100, least_history = 20;

  /// Whether these values are far above the window's; nothing as long as it holds less than `least_history`.
  std::optional<Spike> judge(double loss, double grad_norm) const;
  void add(double loss, double grad_norm);

  Json to_json() const;
  /// Throws Json::exception where it is not what to_json gave.
  static SpikeWatch from_json(const Json& json);
  bool operator==(const SpikeWatch&) const = default;

 private:
  std::vector<double> losses_, norms_;  // oldest first
};

}  // namespace hyplora

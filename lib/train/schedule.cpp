#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hyplora {
namespace {

/// 1 at the end of the warm-up, 0 at the end of the run.
double remaining(int64_t step, int64_t first, int64_t steps) {
  return std::max(0.0, static_cast<double>(steps - step) / static_cast<double>(std::max<int64_t>(1, steps - first)));
}

double shape(const std::string& kind, int64_t step, int64_t warmup, int64_t steps) {
  if (kind == "linear") return remaining(step, warmup, steps);
  if (kind == "cosine") return 0.5 * (1 + std::cos(std::numbers::pi * (1 - remaining(step, warmup, steps))));
  if (kind == "wsd") {
    const int64_t decay_from = std::max(warmup, steps - std::max<int64_t>(1, steps / 10));
    return step < decay_from ? 1 : remaining(step, decay_from, steps);
  }
  return 1;
}

}  // namespace

double Schedule::factor(int64_t step) const {
  if (step < warmup) return static_cast<double>(step) / static_cast<double>(warmup);
  return min_ratio + (1 - min_ratio) * shape(kind, step, warmup, steps);
}

}  // namespace hyplora

#include "eval/interval.h"

#include <algorithm>
#include <cmath>

namespace hyplora {

Interval wilson_interval(int64_t right, int64_t n) {
  if (n <= 0) return {0, 1};
  constexpr double z = 1.959963984540054;  // 97.5 % of the normal distribution lie below it
  const double count = static_cast<double>(n), share = static_cast<double>(right) / count, weight = z * z / count;
  const double centre = (share + weight / 2) / (1 + weight);
  const double half = z / (1 + weight) * std::sqrt(share * (1 - share) / count + weight / (4 * count));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace hyplora

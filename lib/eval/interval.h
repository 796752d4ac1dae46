// Wilson's score interval of a share (E. B. Wilson 1927): with p = right / n and z = 1.96
//   (p + z^2 / 2n  +-  z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
// It has a width at 0 and 1, too, where the standard error is 0.
#pragma once

#include <cstdint>

namespace hyplora {

struct Interval {
  double low, high;
};

/// That covers the true share in 95 % of samples. Of nothing: all of [0, 1].
Interval wilson_interval(int64_t right, int64_t n);

}  // namespace hyplora

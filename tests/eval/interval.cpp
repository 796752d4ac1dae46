#include "eval/interval.h"

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("The interval of a share is Wilson's, as R's prop.test without correction and statsmodels print it", "[eval]") {
  struct Known {
    int64_t right, n;
    double low, high;
  };
  for (const auto& [right, n, low, high] :
       {Known{0, 10, 0, 0.277532799}, Known{10, 10, 0.722467201, 1}, Known{5, 10, 0.236593091, 0.763406909},
        Known{1, 1, 0.206549314, 1}, Known{50, 100, 0.403831530, 0.596168470}}) {
    INFO(right << " of " << n);
    CHECK(wilson_interval(right, n).low == Approx(low).margin(1e-9));
    CHECK(wilson_interval(right, n).high == Approx(high).margin(1e-9));
  }
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
}

}  // namespace
}  // namespace hyplora

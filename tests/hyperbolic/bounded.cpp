#include "hyperbolic/bounded.h"

#include <cmath>

#include "support/support.h"

namespace hyplora {
namespace {

constexpr int64_t in = 4;  // kappa = 2 with K = 1

double plain_phi(double th) { return th == 0 ? 1 : std::sinh(4 * std::tanh(th / 4)) / th; }

TEST_CASE("bounded is sinh(4 tanh(th/4))/th, from the origin to the farthest tokens", "[hyperbolic]") {
  const Bounded variant(0, 1, in);
  for (const double th : {0.0, 1e-9, 1e-3, 0.03, 0.0447, 0.07, 0.3, 1.0, 3.0, 30.0, 1e4, 1e9}) {
    INFO(th);
    CHECK(variant.inner(2 * th).phi == Approx(plain_phi(th)).epsilon(1e-13));
  }
}

TEST_CASE("bounded's derivatives are those of its formula, across the end of its series", "[hyperbolic]") {
  for (const double th : {1e-3, 0.04, 0.0632, 0.0633, 0.1, 0.5, 1.0, 4.0, 40.0}) {
    INFO(th);
    const double n = 2 * th, step = 1e-4 * n;
    const InnerGate gate = Bounded(0, 1, in).inner(n);
    const double by_n = (Bounded(0, 1, in).inner(n + step).phi - Bounded(0, 1, in).inner(n - step).phi) / (2 * step);
    const double by_k = (Bounded(1e-4, 1, in).inner(n).phi - Bounded(-1e-4, 1, in).inner(n).phi) / 2e-4;
    CHECK(gate.slope * n == Approx(by_n).epsilon(1e-6).margin(1e-11));
    CHECK(gate.dk == Approx(by_k).epsilon(1e-6).margin(1e-11));
  }
}

TEST_CASE("bounded is lorentz near the origin, and keeps every token within sinh(4) radii", "[hyperbolic]") {
  const Bounded bounded(0, 1, in);
  const Lorentz lorentz(0, 1, in);
  CHECK(bounded.inner(2 * 0.1).phi == Approx(lorentz.inner(2 * 0.1).phi).epsilon(2e-3));
  CHECK(bounded.outer(0.7).c == lorentz.outer(0.7).c);
  for (const double th : {1.0, 12.0, 400.0, 1e6}) CHECK(bounded.inner(2 * th).phi * th <= std::sinh(4.0) * (1 + 1e-14));
  CHECK(bounded.inner(2 * 400).phi < 0.1);
  CHECK(lorentz.inner(2 * 400).phi > 100);
}

}  // namespace
}  // namespace hyplora

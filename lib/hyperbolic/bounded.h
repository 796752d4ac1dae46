// hyplora_variant "bounded": lorentz, but no token gets further than 4 radii from the origin before A is applied:
//
//     th = |x|/kappa     g = 4 tanh(th/4)     phi = sinh(g)/th
//
// Near the origin phi = 1 + 7/48 th^2 (lorentz: 8/48), and at th = 1, 2, 4 it is 1.14, 1.55, 2.62 (1.18, 1.81, 6.82); a massive token is
// scaled down to sinh(4) = 27 radii, where lorentz would scale it up until sinh is held at 12. The derivatives are lorentz' with
// e = 2 dphi/dt, t = th^2; c is lorentz'.
#pragma once

#include "hyperbolic/lorentz.h"

namespace hyplora {

struct Bounded : Lorentz {
  static constexpr const char *name = "bounded", *text = "the paper's equations with every token within four radii";
  static constexpr bool starts_at_auto = true;
  static constexpr double bound = 4;

  using Lorentz::Lorentz;

  HYPLORA_HOST_DEVICE InnerGate inner(double norm) const {
    const double t = norm * norm / kappa2;
    const SinhQuotients q = bounded_sinh_quotients(t, bound);
    return {q.quotient, q.excess / kappa2, -0.5 * q.excess * t, 0};
  }

  GateShape shape(int64_t in) const {
    GateShape found = Lorentz::shape(in);
    found.held_above = 0;
    return found;
  }
};

}  // namespace hyplora

// hyplora_variant "bounded": lorentz, but no token gets further than 2 radii from the origin before A is applied:
//
//     th = |x|/kappa     g = 2 tanh(th/2)     phi = sinh(g)/th
//
// Ordinary tokens (th below 1) are mapped as lorentz maps them, to third order in th; a massive one, hundreds of radii out, is
// scaled down to sinh(2) radii where lorentz would scale it up by sinh(12)/12. The derivatives are lorentz' with
// e = 2 dphi/dt, t = th^2; c is lorentz'.
#pragma once

#include "hyperbolic/lorentz.h"

namespace hyplora {

struct Bounded : Lorentz {
  static constexpr const char *name = "bounded", *text = "the paper's equations with every token within two radii";
  static constexpr double bound = 2;

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

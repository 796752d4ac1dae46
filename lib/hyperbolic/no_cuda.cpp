// Stands in for gates.cu in a build without CUDA, in which no tensor can lie on such a device.
#include "core/error.h"
#include "hyperbolic/gate_passes.h"
#include "hyperbolic/lorentz.h"
#include "hyperbolic/release.h"
#include "hyperbolic/simplified.h"

namespace hyplora {

namespace {

[[noreturn]] void refuse() { throw RunError("this build has no CUDA kernels; build the cuda preset."); }

}  // namespace

template <class Variant>
void CudaPasses<Variant>::enter(const EnterPass&, const GateScalars&) {
  refuse();
}
template <class Variant>
void CudaPasses<Variant>::leave(const LeavePass&, const GateScalars&) {
  refuse();
}
template <class Variant>
void CudaPasses<Variant>::back(const BackPass&) {
  refuse();
}

template struct CudaPasses<Lorentz>;
template struct CudaPasses<Release>;
template struct CudaPasses<Simplified>;

}  // namespace hyplora

// Stands in for gates.cu in a build without CUDA, in which no tensor can lie on such a device.
#include "adapter/gate_passes.h"
#include "adapter/lorentz.h"
#include "adapter/release.h"
#include "adapter/simplified.h"
#include "core/error.h"

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

// Stands in for gates.cu in a build without CUDA, in which no tensor can lie on such a device.
#include "core/error.h"
#include "hyperbolic/gate_passes.h"

namespace hyplora {

const Passes& cuda_passes(size_t /*variant*/) { throw RunError("this build has no CUDA kernels; build the cuda preset."); }

}  // namespace hyplora

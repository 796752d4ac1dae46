// The passes over tokens as CUDA kernels, one thread a token, on LibTorch's current stream.
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>

#include "hyperbolic/gate_passes.h"
#include "hyperbolic/lorentz.h"
#include "hyperbolic/release.h"
#include "hyperbolic/simplified.h"

namespace hyplora {
namespace {

constexpr int threads = 64;

template <class Work>
__global__ void each_token(int64_t tokens, Work work) {
  const int64_t t = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (t < tokens) work(work.variant(), t);
}

struct CudaRunner {
  template <class Work>
  static void run(int64_t tokens, const Work& work) {
    const auto blocks = static_cast<unsigned>((tokens + threads - 1) / threads);
    each_token<<<blocks, threads, 0, at::cuda::getCurrentCUDAStream()>>>(tokens, work);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
};

}  // namespace

template <class Variant>
void CudaPasses<Variant>::enter(const EnterPass& pass, const GateScalars& scalars) {
  GatePasses<Variant, CudaRunner>::enter(pass, scalars);
}
template <class Variant>
void CudaPasses<Variant>::leave(const LeavePass& pass, const GateScalars& scalars) {
  GatePasses<Variant, CudaRunner>::leave(pass, scalars);
}
template <class Variant>
void CudaPasses<Variant>::back(const BackPass& pass) {
  GatePasses<Variant, CudaRunner>::back(pass);
}

template struct CudaPasses<Lorentz>;
template struct CudaPasses<Release>;
template struct CudaPasses<Simplified>;

}  // namespace hyplora

// The passes over tokens as CUDA kernels, one thread per token, on LibTorch's current stream.
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>

#include <array>

#include "hyperbolic/gate_passes.h"
#include "hyperbolic/variant_list.h"

namespace hyplora {
namespace {

constexpr int threads = 64;  // two warps, so that few tokens still spread over the processors; not measured

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

template <class... Variants>
constexpr std::array<Passes, sizeof...(Variants)> on_cuda(TypeList<Variants...>) {
  return {passes_of<Variants, CudaRunner>()...};
}

}  // namespace

const Passes& cuda_passes(size_t variant) {
  static constexpr auto all = on_cuda(GatedVariants());
  return all[variant];
}

}  // namespace hyplora

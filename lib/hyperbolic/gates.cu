// The passes over tokens as CUDA kernels, one thread per token.
#include <array>

#include "core/launch.cuh"
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
  static void run(at::Device device, int64_t tokens, const Work& work) {
    launch(device, {(tokens + threads - 1) / threads, threads}, each_token<Work>, tokens, work);
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

#include "adapter/dropout.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

namespace hyplora {
namespace {

uint64_t mixed(uint64_t seed, uint64_t index) {  // splitmix64's finaliser over both
  uint64_t x = seed + 0x9e3779b97f4a7c15u * (index + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

at::Tensor Mask::apply(const at::Tensor& x) const { return kept.defined() ? (x * kept).mul_(1 / share) : x; }

Mask ModuleDropout::draw(const at::Tensor& x) const {
  if (!shared_->active || shared_->rate == 0) return {};
  const double share = 1 - shared_->rate;
  at::Generator generator = at::globalContext().defaultGenerator(x.device()).clone();
  generator.set_current_seed(mixed(shared_->seed, module_));
  return {at::empty(x.sizes(), x.options().dtype(at::kBool)).bernoulli_(share, generator), share};
}

}  // namespace hyplora

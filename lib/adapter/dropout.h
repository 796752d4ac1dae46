// Dropout on an adapter's input. The mask is a function of (seed, module), so that the same seed gives it again, in
// recomputation and after a resume.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

namespace hyplora {

/// The dropout settings that all modules of a model share.
struct Dropout {
  double rate = 0;
  bool active = false;
  uint64_t seed = 0;
};

/// Which elements of an input are kept; kept values are divided by the share that is.
struct Mask {
  at::Tensor kept;  // like the input, bool; undefined: all
  double share = 1;

  at::Tensor apply(const at::Tensor& x) const;
};

/// The dropout of one module.
class ModuleDropout {
 public:
  ModuleDropout(std::shared_ptr<const Dropout> shared, uint64_t module) : shared_(std::move(shared)), module_(module) {}
  double rate() const { return shared_->rate; }
  /// The mask of this micro-batch for x [T, in].
  Mask draw(const at::Tensor& x) const;

 private:
  std::shared_ptr<const Dropout> shared_;
  uint64_t module_;
};

}  // namespace hyplora

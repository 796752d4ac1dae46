// AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over an adapter's parameters, in LibTorch's fused form. The curvature may
// have its own rate.
#pragma once

#include "adapter/adapter.h"
#include "train/options.h"

namespace hyplora {

class AdamW {
 public:
  AdamW(std::vector<Parameter> parameters, const TrainOptions& options);

  /// L2 norm over all gradients, before clipping; then scales them so that it is at most `most` (0: leaves them). No
  /// synchronisation with the device.
  at::Tensor clip_gradients(double most);
  /// One update at `factor` times the configured rates; none from the first on whose `watched` [] is not finite, so that the weights
  /// stay as that step found them, however much later it is noticed. Clears the gradients. No synchronisation with the device.
  /// Where `left_out` [] fp32 is 1 this one alone is left out.
  void step(double factor, const at::Tensor& watched, const at::Tensor& left_out = {});
  /// Multiplies all gradients by `by` [].
  void scale_gradients(const at::Tensor& by);
  void clear_gradients();

  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// exp_avg.<name>, exp_avg_sq.<name> and step.<name> (updates done) of every parameter.
  NamedTensors state() const;
  /// Takes such a state. InputError when a tensor is missing or of another shape.
  void restore(const Safetensors& file);

 private:
  struct Group {
    double rate;
    std::vector<at::Tensor> values, averages, squares, steps;
  };
  void step_group(Group& group, double factor, const at::Tensor& skip);
  std::vector<at::Tensor> gradients() const;

  std::vector<Parameter> parameters_;
  double beta1_, beta2_, epsilon_, decay_;
  Group plain_, curvature_;
  at::Tensor held_;  // [] 1 once a step was not finite
};

}  // namespace hyplora

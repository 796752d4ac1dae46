// Loss scaling (Micikevicius et al. 2018, arXiv 1710.03740) where the base is float16, whose gradients vanish below 6e-8: backward begins at
// scale times the loss, and the trained values' gradients are divided by it. A step whose gradients overflow is left out and the
// scale halved; after `patience` others it is doubled. All of it on the device, which nobody waits for.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/fields.h"

namespace hyplora {

class LossScale {
 public:
  static constexpr double start = 65536, least = 1;
  static constexpr int64_t patience = 2000;

  /// On for float16 alone.
  LossScale(at::ScalarType dtype, at::Device device);

  bool is_on() const { return scale_.defined(); }
  /// What backward begins with: the loss itself where it is off.
  at::Tensor scaled(const at::Tensor& loss) const { return is_on() ? loss * scale_ : loss; }
  /// [] fp32, a copy; undefined where it is off.
  at::Tensor value() const { return is_on() ? scale_.clone() : scale_; }
  /// Behind a step; `overflowed` [] fp32 is 1 where its gradients were not finite. The scale does not fall below `least`.
  void update(const at::Tensor& overflowed);

  /// {"scale", "finite_steps"}, null where it is off. Waits for the device.
  Json to_json() const;
  /// Whether it is what to_json gives.
  static bool reads(const Json& json);
  /// What `reads`; null leaves it as it is.
  void restore(const Json& json);

 private:
  at::Tensor scale_, finite_steps_;  // [] fp32, int32
};

}  // namespace hyplora

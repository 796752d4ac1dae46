#include "train/loss_scale.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/full.h>

#include "core/numbers.h"

namespace hyplora {

LossScale::LossScale(at::ScalarType dtype, at::Device device) {
  if (dtype != at::kHalf) return;
  const auto options = at::TensorOptions(device);
  scale_ = at::full({}, start, options.dtype(at::kFloat));
  finite_steps_ = at::full({}, 0, options.dtype(at::kInt));
}

void LossScale::update(const at::Tensor& overflowed) {
  if (!is_on()) return;
  const at::NoGradGuard no_grad;
  at::_amp_update_scale_(scale_, finite_steps_, overflowed, /*growth=*/2, /*backoff=*/0.5, patience);
  scale_.clamp_min_(least);
}

Json LossScale::to_json() const {
  if (!is_on()) return nullptr;
  return {{"scale", scale_.item<double>()}, {"finite_steps", finite_steps_.item<int64_t>()}};
}

bool LossScale::reads(const Json& json) {
  if (json.is_null()) return true;
  const auto has = [&](const char* key, double most) {
    const auto number = number_in(json, key);
    return number && *number >= 0 && *number <= most;
  };
  return json.is_object() && has("scale", 1e30) && has("finite_steps", patience);
}

void LossScale::restore(const Json& json) {
  if (!is_on() || json.is_null()) return;
  scale_.fill_(json.at("scale").get<double>());
  finite_steps_.fill_(json.at("finite_steps").get<int64_t>());
}

}  // namespace hyplora

// The learning rate of an optimiser step, as Hugging Face's Trainer sets it: with s counted from 0 and w warm-up steps,
// peak * s/w while s < w, then down to the end: linear peak * (N - s)/(N - w), cosine, constant, or wsd (constant, then linear
// over the last tenth of the steps). The first step's rate is 0 where there is a warm-up.
#pragma once

#include <cstdint>
#include <string>

namespace hyplora {

struct Schedule {
  std::string kind = "linear";
  int64_t warmup = 0, steps = 1;
  double min_ratio = 0;

  /// What the peak rate is multiplied by in step `step`, from 0.
  double factor(int64_t step) const;
};

}  // namespace hyplora

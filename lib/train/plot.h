// loss.svg: training and validation loss over the optimiser steps; curvature.svg: least, mean and largest K over them.
#pragma once

#include "train/metrics.h"

namespace hyplora {

/// The picture of the lines of a metrics.jsonl.
std::string loss_plot(const std::vector<Json>& metrics);
/// Nothing where no line has a curvature.
std::optional<std::string> curvature_plot(const std::vector<Json>& metrics);

}  // namespace hyplora

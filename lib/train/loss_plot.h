// loss.svg: training and validation loss over the optimiser steps.
#pragma once

#include "train/metrics.h"

namespace hyplora {

/// The picture of the lines of a metrics.jsonl.
std::string loss_plot(const std::vector<Json>& metrics);

}  // namespace hyplora

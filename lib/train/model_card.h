// README.md of an output folder: what the adapter is, how it was made, from what, its curves, and its scores where they are
// known.
#pragma once

#include "train/checkpoint.h"
#include "train/setup.h"

namespace hyplora {

/// `written_step`: the step whose adapter was written. Scores come from the results.json that hyplora-eval left in the output
/// folder or in a folder inside it.
std::string model_card(const TrainingSetup& setup, const TrainerState& state, int64_t written_step, const Json& fingerprint);

}  // namespace hyplora

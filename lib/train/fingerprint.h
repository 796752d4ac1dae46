// What a run was made from, by content: hashes of the data files, the tokenizer, the base and the rows as tokenised. A run may
// only go on with the same; paths may change.
#pragma once

#include "train/setup.h"

namespace hyplora {

/// name -> {"file": path, "hash": SHA-256}; "rows" has no file. Of the base's weights the headers and a sample of each tensor
/// count.
Json fingerprint(const TrainingSetup& setup);

/// A clause for each difference between what a checkpoint was saved with and what there is now: keys of the config that change
/// what is computed, and contents. Empty: the same run.
std::vector<std::string> differences(const Json& saved_config, const Json& config, const Json& saved_fingerprint,
                                     const Json& fingerprint);

}  // namespace hyplora

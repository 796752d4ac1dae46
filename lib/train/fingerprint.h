// What a run was made from, by content: hashes of the data files, the tokenizer, the base and the rows as tokenised. A run may
// only go on with the same; paths may change.
#pragma once

#include "io/identity.h"
#include "train/setup.h"

namespace hyplora {

/// Of the options (io/identity.h), and of what they lead to: "rows" as tokenised, the tokenizer, the base. Of the base's weights
/// the headers and a sample of each tensor count.
Identity run_identity(const TrainingSetup& setup);

/// The identity of the run that saved this resolved config and these files, as far as `now` can be compared with it.
Identity saved_identity(const Json& config, const Json& files, const Identity& now);

/// "lora_r = 8, but the config says 4", or the like for a file's hash.
std::string clause(const Difference& difference);

}  // namespace hyplora

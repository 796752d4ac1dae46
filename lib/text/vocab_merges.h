// vocab.json and merges.txt, the byte-level BPE of GPT-2 (Radford et al. 2019), where no tokenizer.json is there: the pipeline is
// that of the tokenizer's class, as transformers 5 builds it (GPT2Tokenizer, Qwen2Tokenizer).
#pragma once

#include "text/tokenizer.h"

namespace hyplora {

/// `folder` holds both files; tokenizer_config.json or config.json says of which class they are. InputError when a file is malformed
/// or the class is another one.
std::unique_ptr<Tokenizer> load_vocab_merges(const fs::path& folder);

}  // namespace hyplora

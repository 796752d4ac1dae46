// How completions are made: the option values alone, the same for hyplora-eval and hyplora-generate.
#pragma once

#include "core/fields.h"

namespace hyplora {

struct DecodeOptions {
  int64_t max_new_tokens = 256;
  int64_t batch_size = 8;  // prompts in the model at a time
  int64_t beams = 1;
  int64_t best = 1;  // completions per prompt, at most `beams`
  double length_penalty = 1;
  bool early_stopping = false;  // stop as soon as `beams` are finished
  double temperature = 0;       // 0: the most likely token (or beams); else sampling from softmax(logits / temperature)
  int64_t top_k = 0;            // among the k most likely; 0: all
  double top_p = 1;             // among the fewest whose probabilities reach p
  double repetition_penalty = 1;
  uint64_t seed = 42;
};

/// All but `best`, which only a program that prints several completions has.
Fields decode_fields(DecodeOptions& options);
/// "greedy", "beam search" or "sampling".
std::string decoding_text(const DecodeOptions& options);
/// InputError: a value outside its range, or options that exclude each other.
void check(const DecodeOptions& options);

/// --stop: texts before which a completion ends, none of them empty.
Fields stop_fields(std::vector<std::string>& stops);

}  // namespace hyplora

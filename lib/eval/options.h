// The options of an evaluation: every value with its default, meaning and rule.
#pragma once

#include "generate/decode_options.h"

namespace hyplora {

/// How rows become verdicts.
struct ScoringOptions {
  DecodeOptions decode;
  std::string over_length = "error";    // error or truncate: a prompt that leaves no room in the model's context
  std::vector<std::string> stops;       // a completion ends before the first of these
  std::string scoring = "completion";   // completion, or likelihood of each alternative
  int64_t cutoff_len = 256;             // loss: token limit of a row
  bool train_on_inputs = false;         // loss: whether the prompt counts too
  std::string chat_loss = "assistant";  // loss: which turns count, with a chat template

  bool by_likelihood() const { return scoring == "likelihood"; }
  bool truncates() const { return over_length == "truncate"; }
};

/// What stands for the base alone where adapters are named.
constexpr const char* no_adapter = "none";

struct EvalOptions {
  std::string model, data, benchmark, output, dtype = "auto", few_shot_data;
  std::optional<std::string> prompt_template;  // without it: what the adapters learnt, else alpaca
  std::vector<std::string> adapters;           // folders; no_adapter is the base alone, as is an empty list
  int64_t limit = 0, few_shot = 0;
  bool fold_turns = false, resume = false, disagreements = false;
  std::vector<std::string> compare;  // two earlier runs, and nothing is scored
  std::string score;                 // completions made elsewhere, and nothing is computed
  ScoringOptions evaluate;
};

/// The list of fields; `options` must outlive it.
Fields eval_fields(EvalOptions& options);

}  // namespace hyplora

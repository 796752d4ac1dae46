// Rows -> what the model is given: few-shot prompts as token ids, alternatives to be scored, or examples whose loss is
// measured. All that can be wrong with rows shows here, before anything is computed.
#pragma once

#include "data/examples.h"
#include "dist/group.h"
#include "eval/options.h"
#include "eval/tasks.h"
#include "generate/decode.h"

namespace hyplora {

/// The options, and what scoring needs besides.
struct EvaluateOptions : ScoringOptions {
  PromptTemplate prompt;
  std::vector<Turn> shots;        // worked examples before each prompt
  std::vector<int64_t> stop_ids;  // end ids of the model
  int64_t lead_tokens = 0;        // that the adapters put before each row
  std::function<bool()> interrupted;
  std::shared_ptr<Group> group = group_of_one();
};

struct PreparedTask {
  const Task* task = nullptr;
  std::vector<Row> rows;
  std::vector<std::string> texts;  // of the prompts
  std::vector<Ids> prompts;
  std::vector<bool> truncated;                         // prompts that lost their oldest tokens
  std::vector<std::vector<std::string>> alternatives;  // likelihood: a list for each row
  std::vector<std::vector<Ids>> alternative_ids;       // the tokens that the model gives probabilities, after the prompt's
  ExampleSet examples;                                 // loss

  size_t count() const { return task->measures_loss() ? examples.examples.size() : rows.size(); }
  int64_t longest() const;  // tokens
  int64_t truncated_count() const;
  /// Keys and values that are kept at a time, at most: of the `batch_size` longest prompts with all that may follow them, and
  /// twice, because room grows by doubling.
  int64_t cache_bytes(const ModelSpec& spec, int64_t bytes_a_number, const EvaluateOptions& options) const;
};

/// `tokenizer` may be null where rows came tokenised and their loss is measured. A prompt that leaves no room in the context (model/context.h)
/// is an InputError with its row, or is cut from the left, behind BOS, so that max_new_tokens (at most half of the context) fit.
/// InputError: a gold answer that cannot be read, text without tokenizer, likelihood without alternatives.
PreparedTask prepare(const Task& task, std::vector<Row> rows, const Tokenizer* tokenizer, const ModelSpec& spec,
                     const EvaluateOptions& options);

}  // namespace hyplora

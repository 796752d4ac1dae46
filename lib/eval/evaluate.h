// Scoring a model on the rows of one benchmark.
#pragma once

#include <functional>

#include "adapter/adapter.h"
#include "eval/decode.h"
#include "eval/progress_file.h"
#include "eval/tasks.h"
#include "text/examples.h"

namespace hyplora {

struct EvaluateOptions {
  PromptTemplate prompt;
  DecodeOptions decode;
  int64_t cutoff_len = 256;      // loss: token limit of a row
  bool train_on_inputs = false;  // loss: whether the prompt counts too
};

struct TaskResult {
  std::string benchmark;
  int64_t n = 0, correct = 0, tokens = 0;
  int64_t correct_strictly = 0, disagreements = 0;  // by the stricter reading; rows on which the two verdicts differ
  double seconds = 0;
  std::optional<double> loss;  // mean token cross-entropy, for "loss"
  Json records = Json::array();

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(n); }
  double standard_error() const;
  Json to_json() const;  // without the records
};

/// Called after each row with the rows done and the correct ones among them.
using OnProgress = std::function<void(int64_t done, int64_t correct)>;

/// `progress_file` may be null; its rows are not done again, and each new one is added. InputError: a row whose gold answer
/// cannot be read, or a prompt beyond the context; before anything is computed.
TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const Task& task, const std::vector<Row>& rows,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file = nullptr);

}  // namespace hyplora

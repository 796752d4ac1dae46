// Scoring a model on the rows of one benchmark.
#pragma once

#include <functional>

#include "core/fields.h"
#include "eval/prepare.h"
#include "eval/progress_file.h"

namespace hyplora {

struct TaskResult {
  std::string benchmark;
  const VerdictKind* verdict = &loss_verdict;
  int64_t n = 0, correct = 0;
  int64_t tokens = 0;                         // loss: supervised ones of all rows
  int64_t computed = 0, computed_tokens = 0;  // rows and their tokens; the others came from a progress file
  int64_t truncated = 0;                      // rows whose prompt (loss: whose text) was cut
  int64_t correct_strictly = 0;               // by the stricter reading
  std::vector<size_t> disagreements;          // rows on which the two readings' verdicts differ, in order
  std::optional<int64_t> correct_normalised;  // likelihood: by the sum per token
  double seconds = 0;
  std::optional<double> loss;  // mean token cross-entropy, for "loss"
  bool interrupted = false;    // not all rows are done
  Json records = Json::array();

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(n); }
  double standard_error() const;
  Json to_json() const;  // without the records; rows are counted from 1
};

/// Called after each row with the rows done and the correct ones among them.
using OnProgress = std::function<void(int64_t done, int64_t correct)>;

/// The rows are shared by the processes of options.group. Rank 0 gets the result of all; of the other ranks' result only
/// `interrupted`, the same everywhere, means anything. `progress_file`, each process' own, may be null; the rows that rank 0's
/// has are not done again, and each new one is added. Stops early, with `interrupted`, where options.decode.interrupted says
/// so in any process.
TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file = nullptr);

}  // namespace hyplora

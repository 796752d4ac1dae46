// What is kept of scored rows. Here is the one place that knows how it is spelled in <benchmark>.json, in progress files and
// between processes:
//   a row that was judged   instruction, input, answer, prompt, output_pred, pred, flag, truncated (where it was), then
//     by its completion     pred_strict, flag_strict, tokens
//     by likelihood         pred_normalised, flag_normalised, log_likelihood {alternative: {sum, per_token}}, tokens
//   rows that were measured rows, loss, tokens
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/fields.h"
#include "eval/tasks.h"

namespace hyplora {

struct AlternativeScore {
  std::string name;
  double sum, per_token;  // of the log-probabilities
};

struct RowRecord {
  std::string instruction, input, answer, prompt, output_pred;
  Judgement judgement;
  bool truncated = false;
  std::optional<Judgement> strict;               // of a completion, by the stricter reading
  std::optional<Judgement> normalised;           // likelihood: by the sum per token
  std::vector<AlternativeScore> log_likelihood;  // likelihood
  int64_t tokens = 0;
};

struct LossRecord {
  std::vector<size_t> rows;  // of one batch, counted from 0
  double loss = 0;           // summed over their supervised tokens
  int64_t tokens = 0;
};

using Record = std::variant<RowRecord, LossRecord>;

Json to_json(const Record& record);
/// Nothing where it is not what to_json gives.
std::optional<Record> record_from(const Json& json);

int64_t tokens_of(const Record& record);
/// Rows of a benchmark whose answers are judged right; of measured ones none is.
bool is_right(const Record& record);

/// What comparing needs of a row's record, which another program may have written: about which row it is, and its verdict.
struct RowVerdict {
  Json instruction, input;
  bool correct;
};
/// Nothing where there is no "flag" true or false.
std::optional<RowVerdict> verdict_from(const Json& json);

}  // namespace hyplora

// What hyplora-eval says on the terminal: progress, the table of results, disagreements, comparisons.
#pragma once

#include <chrono>

#include "eval/run.h"
#include "status_line.h"

namespace hyplora::apps {

/// A line that is rewritten on a terminal; elsewhere a plain line each tenth of the rows, or each 30 seconds.
class EvalProgress : public EvalObserver {
 public:
  EvalProgress(bool quiet, int64_t batch_size) : status_(!quiet), batch_size_(batch_size) {}
  void started(const TaskStart& start) override;
  void advanced(int64_t done, int64_t correct) override;

 private:
  using Clock = std::chrono::steady_clock;

  StatusLine status_;
  int64_t batch_size_;
  TaskStart task_;
  Clock::time_point begin_, last_line_;
  int64_t tenths_ = 0;
};

void print_table(const std::vector<Json>& results);
/// The rows on which the paper's reading and the stricter one come to different verdicts.
void print_disagreements(const EvalOutcome& outcome);
/// Two earlier runs: the figures of every benchmark that both hold, then the rows whose verdict changed.
void print_comparisons(const std::string& a, const std::string& b, uint64_t seed);

}  // namespace hyplora::apps

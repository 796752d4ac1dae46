// A whole evaluation: one base, several adapters, several benchmark files, results on disk. Everything that can be wrong with
// rows, adapters and an earlier run's progress shows before anything is computed.
#pragma once

#include <c10/core/Device.h>

#include "eval/evaluate.h"

namespace hyplora {

/// What is about to be scored.
struct TaskStart {
  std::string benchmark, adapter;  // adapter empty: the base
  int64_t rows = 0, done = 0;      // done: in an earlier run
  int64_t longest = 0;             // tokens
  int64_t truncated = 0;
  int64_t cache_bytes = 0;   // of keys and values, at most
  bool has_verdicts = true;  // rows are right or wrong; else their loss is measured
};

class EvalObserver {
 public:
  virtual ~EvalObserver() = default;
  virtual void started(const TaskStart& start) = 0;
  virtual void advanced(int64_t done, int64_t correct) = 0;
};

/// Where an evaluation runs and who is told of it.
struct EvalScene {
  at::Device device;
  EvalObserver& observer;
  std::function<bool()> stop;  // asked before each pass; true ends the run, which can be resumed
  std::shared_ptr<Group> group = group_of_one();
};

struct EvalOutcome {
  std::vector<Json> results;  // the entries of results.json
  std::vector<Json> records;  // of each; empty where an earlier run had finished it, and for loss
  bool interrupted = false;
};

/// Writes into `output`, where it is given: <benchmark>.json, results.json, report.html, and while it runs a progress file for
/// each benchmark. With several adapters the records stand in a folder for each.
EvalOutcome run_evaluation(const EvalOptions& options, const EvalScene& scene);

/// The .json and .jsonl files of a folder in order of their names, or the file itself. InputError where there is none.
std::vector<fs::path> data_files(const fs::path& data);

}  // namespace hyplora

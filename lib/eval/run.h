// A whole evaluation: one base, several adapters, several benchmark files, results on disk. Everything that can be wrong with
// rows, adapters and an earlier run's progress shows before anything is computed.
#pragma once

#include <c10/core/Device.h>

#include "eval/evaluate.h"

namespace hyplora {

struct EvalOptions {
  std::string model, data, benchmark, output, prompt_template = "alpaca", dtype = "auto", few_shot_data;
  std::vector<std::string> adapters;  // folders; "none" is the base alone, as is an empty list
  int64_t limit = 0, few_shot = 0;
  bool resume = false;
  EvaluateOptions evaluate;  // prompt and shots come from the above
};

/// What is about to be scored.
struct TaskStart {
  std::string benchmark, adapter;  // adapter empty: the base
  int64_t rows = 0, done = 0;      // done: in an earlier run
  int64_t longest = 0;             // tokens
  int64_t truncated = 0;
  int64_t cache_bytes = 0;  // of keys and values, at most
};

class EvalObserver {
 public:
  virtual ~EvalObserver() = default;
  virtual void started(const TaskStart& start) = 0;
  virtual void advanced(int64_t done, int64_t correct) = 0;
};

struct EvalOutcome {
  std::vector<Json> results;  // the entries of results.json
  std::vector<Json> records;  // of each; empty where an earlier run had finished it, and for loss
  bool interrupted = false;
};

/// Writes into `output`, where it is given: <benchmark>.json, results.json, report.html, and while it runs a progress file for
/// each benchmark. With several adapters the records stand in a folder for each.
EvalOutcome run_evaluation(const EvalOptions& options, at::Device device, EvalObserver& observer,
                           const std::function<bool()>& stop);

/// The .json and .jsonl files of a folder in order of their names, or the file itself. InputError where there is none.
std::vector<fs::path> data_files(const fs::path& data);
/// An adapter's folder name; "base" for none.
std::string adapter_name(const std::string& adapter);

}  // namespace hyplora

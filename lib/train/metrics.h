// metrics.jsonl: one object per line. First {"event":"start", ...}, then a line for each optimiser step and each validation, last
// {"event":"end", ...}; {"event":"spike", ...} after a step that exploded. A resumed run drops what lies after its checkpoint
// and goes on, so that in the end the file is as if nothing had happened. A number that is not finite, as a curvature that has
// overflowed, is null.
#pragma once

#include <array>
#include <optional>

#include "core/fields.h"
#include "io/files.h"

namespace hyplora {

struct StepRecord {
  int64_t step = 0;  // from 1
  double epoch = 0, loss = 0, learning_rate = 0, grad_norm = 0;
  int64_t tokens = 0, supervised_tokens = 0;
  double step_seconds = 0;
  int64_t peak_memory_bytes = 0;
  int64_t peak_reserved_bytes = 0;                 // on a GPU, where it stands beside the other
  std::optional<std::array<double, 3>> curvature;  // least, mean, largest K
  std::optional<double> loss_scale;                // float16: the step's; grad_norm is not finite where it was too large

  double tokens_per_second() const { return step_seconds > 0 ? static_cast<double>(tokens) / step_seconds : 0; }
  Json to_json() const;
};

struct EvalRecord {
  int64_t step = 0;
  double eval_loss = 0;
  double perplexity() const;
  Json to_json() const;
};

/// How far a run had come: optimiser steps done, and the step of the last validation.
struct Progress {
  int64_t step = 0, evaluated_step = 0;
};

class MetricsFile {
 public:
  /// Starts anew, or with `resumed` keeps the lines of an earlier run up to that progress.
  MetricsFile(const fs::path& path, std::optional<Progress> resumed);
  /// RunError when the disk refuses.
  void write(const Json& line);
  void sync() { file_->sync(); }
  /// The lines of an earlier run that were kept.
  const std::vector<Json>& kept() const { return kept_; }

 private:
  std::vector<Json> kept_;
  std::optional<AppendFile> file_;
};

/// All lines of a metrics.jsonl that are whole.
std::vector<Json> read_metrics(const fs::path& path);

}  // namespace hyplora

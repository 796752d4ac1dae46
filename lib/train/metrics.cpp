#include "train/metrics.h"

#include <cmath>
#include <fstream>

#include "core/numbers.h"

namespace hyplora {
namespace {

/// 0 for a line that is about no step.
double step_of(const Json& line) { return number_in(line, "step").value_or(0); }

/// Whether a run that has come so far keeps this line of an earlier launch.
bool lasts(const Json& line, const Progress& progress) {
  const bool is_end = line.contains("event") && line["event"] == "end";
  return !is_end && step_of(line) <= static_cast<double>(line.contains("eval_loss") ? progress.evaluated_step : progress.step);
}

}  // namespace

Json StepRecord::to_json() const {
  Json line{{"step", step},
            {"epoch", json_number(epoch)},
            {"loss", json_number(loss)},
            {"learning_rate", json_number(learning_rate)},
            {"grad_norm", json_number(grad_norm)},
            {"tokens", tokens},
            {"supervised_tokens", supervised_tokens},
            {"tokens_per_second", json_number(tokens_per_second())},
            {"step_seconds", json_number(step_seconds)},
            {"peak_memory_bytes", peak_memory_bytes}};
  if (peak_reserved_bytes > 0) line["peak_reserved_bytes"] = peak_reserved_bytes;
  if (loss_scale) line["loss_scale"] = *loss_scale;
  if (curvature) {
    const auto& [least, mean, largest] = *curvature;
    line["curvature"] = {{"min", json_number(least)}, {"mean", json_number(mean)}, {"max", json_number(largest)}};
  }
  return line;
}

double EvalRecord::perplexity() const { return std::exp(eval_loss); }

Json EvalRecord::to_json() const {
  return {{"step", step}, {"eval_loss", json_number(eval_loss)}, {"eval_perplexity", json_number(perplexity())}};
}

MetricsFile::MetricsFile(const fs::path& path, std::optional<Progress> resumed) {
  std::string text;
  if (resumed && fs::exists(path)) {
    for (auto& line : read_metrics(path)) {
      if (!lasts(line, *resumed)) continue;
      text += json_text(line) + "\n";
      kept_.push_back(std::move(line));
    }
  }
  write_file(path, text);
  file_.emplace(path);
}

void MetricsFile::write(const Json& line) { file_->append(json_text(line) + "\n"); }

std::vector<Json> read_metrics(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string text; std::getline(file, text);) {
    Json line = try_json(text).value_or(Json());
    if (line.is_object()) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace hyplora

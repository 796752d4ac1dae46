#include "train/metrics.h"

#include <cmath>
#include <fstream>

namespace hyplora {
namespace {

/// JSON has no NaN or infinity; null stands for them.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

Json StepRecord::to_json() const {
  Json line{{"step", step},
            {"epoch", epoch},
            {"loss", number(loss)},
            {"learning_rate", learning_rate},
            {"grad_norm", number(grad_norm)},
            {"tokens", tokens},
            {"supervised_tokens", supervised_tokens},
            {"tokens_per_second", tokens_per_second()},
            {"step_seconds", step_seconds},
            {"peak_memory_bytes", peak_memory_bytes}};
  if (curvature) line["curvature"] = {{"min", (*curvature)[0]}, {"mean", (*curvature)[1]}, {"max", (*curvature)[2]}};
  return line;
}

double EvalRecord::perplexity() const { return std::exp(eval_loss); }

Json EvalRecord::to_json() const {
  return {{"step", step}, {"eval_loss", number(eval_loss)}, {"eval_perplexity", number(perplexity())}};
}

MetricsFile::MetricsFile(const fs::path& path, std::optional<Progress> resumed) {
  std::string text;
  if (resumed && fs::exists(path)) {
    for (auto& line : read_metrics(path)) {
      const int64_t last = line.contains("eval_loss") ? resumed->evaluated_step : resumed->step;
      if (line.value("event", "") == "end" || line.value("step", int64_t{0}) > last) continue;
      text += line.dump() + "\n";
      kept_.push_back(std::move(line));
    }
  }
  write_file(path, text);
  file_.emplace(path);
}

void MetricsFile::write(const Json& line) { file_->append(line.dump() + "\n"); }

std::vector<Json> read_metrics(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string text; std::getline(file, text);) {
    Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object()) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace hyplora

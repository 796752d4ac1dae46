#include "train/model_card.h"

#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <algorithm>

#include "core/device.h"
#include "core/numbers.h"
#include "core/printable.h"

namespace hyplora {
namespace {

/// A path as a cell of a table: on one line, and nothing in it is Markdown.
std::string cell(const std::string& text) {
  std::string made;
  for (const char c : printable(text)) {
    if (std::string_view("|`*_<>[]\\").find(c) != std::string_view::npos) made += '\\';
    made += c;
  }
  return made;
}

/// YAML reads JSON's strings.
std::string yaml(const std::string& text) {
  const bool plain =
      !text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == text.npos &&
      text.front() != '-' && text.front() != '.';
  return plain ? text : printable(json_text(Json(text)));
}

std::string row(const char* name, const std::string& value) { return fmt::format("| {} | {} |\n", name, value); }

std::string title_text(const TrainOptions& o) {
  if (o.init_base == "random") return "Trained from random weights: " + cell(o.base_model);
  return (learns_all_weights(o.adapter) ? "Fine-tune of " : "Adapter of ") + cell(o.base_model);
}

/// What hyplora-eval found, where its output folder is this one or lies in it.
std::string scores_text(const fs::path& folder) {
  std::vector<fs::path> places{folder};
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) places.push_back(entry.path());
  }
  std::sort(places.begin(), places.end());
  std::string table;
  for (const auto& place : places) {
    if (!fs::is_regular_file(place / "results.json")) continue;
    const Json file = try_json(read_file(place / "results.json")).value_or(Json());
    if (!file.is_object() || !file.contains("results") || !file["results"].is_array()) continue;
    for (const auto& result : file["results"]) {
      const auto accuracy = number_in(result, "accuracy"), n = number_in(result, "n");
      if (!accuracy || !n || !result.value("benchmark", Json()).is_string()) continue;  // another program's
      table += fmt::format("| {} | {:.0f} | {:.1f} % |\n", cell(result["benchmark"]), *n, 100 * *accuracy);
    }
  }
  return table.empty() ? "" : "\n## Scores\n\n| benchmark | rows | accuracy |\n|---|---|---|\n" + table;
}

std::string data_text(const Json& fingerprint) {
  std::string table = "\n## Made from\n\n| what | file | SHA-256 |\n|---|---|---|\n";
  const auto what = [](const std::string& name) {
    if (name == "rows") return std::string("rows as tokenised");
    return name == "base weights" ? name + " (headers and samples)" : name;
  };
  for (const auto& [name, entry] : fingerprint.items()) {
    table += fmt::format("| {} | {} | `{}` |\n", what(name), cell(entry.value("file", "")), entry["hash"].get<std::string>());
  }
  return table;
}

/// The keys that make the recipe, as they were set.
std::string recipe_text(const TrainOptions& o) {
  const Json config = resolved_config(o);
  std::string text = "\n## Recipe\n\n```json\n{\n";
  bool first = true;
  for (const auto& [key, value] : config.items()) {
    text += fmt::format("{}  \"{}\": {}", first ? "" : ",\n", key, printable(json_text(value)));
    first = false;
  }
  return text + "\n}\n```\n";
}

}  // namespace

std::string model_card(const TrainingSetup& setup, const TrainerState& state, int64_t written_step, const Json& fingerprint) {
  const TrainOptions& o = setup.options;
  std::string card = fmt::format("---\nlibrary_name: hyplora\nbase_model: {}\ntags: [{}]\n---\n\n# {}\n\n", yaml(o.base_model),
                                 o.adapter.adapter, title_text(o));
  card += "| | |\n|---|---|\n" + row("adapter", adapter_text(o.adapter));
  if (const auto K = setup.adapters.curvature_summary()) {
    card += row("curvature K (least, mean, largest)", fmt::format("{:.4g}, {:.4g}, {:.4g}", (*K)[0], (*K)[1], (*K)[2]));
  }
  card += row("trained parameters", fmt::format("{}", setup.adapters.trained_count()));
  card += row("data", cell(fmt::format("{}", fmt::join(o.data_path.values, ", "))));
  card += row("rows (training, validation)",
              fmt::format("{}, {}", setup.training.examples.size(), setup.validation.examples.size()));
  card += row("steps of which written", fmt::format("{} of {}", written_step, state.step));
  card += row("rows per step, peak rate, schedule", fmt::format("{}, {}, {}", o.batch_size, o.learning_rate, o.lr_scheduler));
  if (state.best_loss) card += row("best validation loss", fmt::format("{:.5f} at step {}", *state.best_loss, state.best_step));
  card += row("time", fmt::format("{:.1f} s on {}", state.seconds, device_text(setup.device)));
  card += row("made with", fmt::format("hyplora {}, LibTorch {}", HYPLORA_VERSION, TORCH_VERSION));
  card += "\n![loss](loss.svg)\n";
  if (setup.adapters.curvature_summary()) card += "\n![curvature](curvature.svg)\n";
  return card + "\n" + loading_text(o.adapter) + "\nEvery step is in `metrics.jsonl`.\n" + scores_text(o.output_dir) +
         data_text(fingerprint) + recipe_text(o);
}

}  // namespace hyplora

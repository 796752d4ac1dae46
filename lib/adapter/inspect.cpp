#include "adapter/inspect.h"

#include <algorithm>
#include <cmath>

#include "adapter/adapter_tensors.h"
#include "adapter/elsewhere.h"
#include "adapter/ends.h"
#include "adapter/kinds.h"
#include "adapter/peft_config.h"
#include "core/error.h"
#include "core/printable.h"
#include "model/meta.h"

namespace hyplora {
namespace {

/// Whether and why.
Json answer(bool yes, const std::string& why = "") { return {{"loads", yes}, {"why", why}}; }

Json answer(const LoadsThere& there) { return answer(there.loads, there.why_not); }

/// Who wrote the folder: hyplora, one of the published releases, or PEFT.
std::string layout_of(const fs::path& folder, const Json& config) {
  if (fs::exists(folder / "hyplora.json")) return "hyplora";
  return has_lora_type(config) ? "release" : "peft";
}

Json loads_on_base(const AdapterOptions& options, const fs::path& folder, const fs::path& base) {
  try {
    Transformer shape = shape_only(read_model_spec(base), false);
    Adapters::attach(shape, options, 0).check_fits(folder);
    return answer(true);
  } catch (const InputError& error) {
    return answer(false, error.what());
  }
}

/// Whether every module with tensors is one that adapters are put on here, whatever the base.
Json loads_here(const AdapterOptions& options, const Json& modules) {
  const bool takes_ends = kind_of(options).takes_ends;
  for (const Json& row : modules) {
    const std::string path = row["path"];
    const bool is_end = path.ends_with(embedding_name) || path.ends_with(head_name);
    if (path.find("layers.") == std::string::npos && !(is_end && takes_ends))
      return answer(false, fmt::format("{} is no linear layer of a block, and adapters go on these alone", path));
  }
  return answer(true);
}

/// One row per module, in the order of layers; `modules` collects tensors by the module's path.
class Modules {
 public:
  explicit Modules(const AdapterOptions& options) : options_(options) {}

  void add(const std::string& stored, const TensorInfo& info, const at::Tensor& value) {
    const std::string clean = clean_adapter_name(stored);
    const size_t mark = part_begin(clean);
    if (mark == std::string::npos) return;
    constexpr size_t prefix = std::string_view("base_model.model.").size();
    const std::string path = clean.substr(prefix, mark - prefix), part = clean.substr(mark + 1);
    Json& row = row_of(path);
    const bool is_matrix = part.ends_with("weight") || part.starts_with("lora_embedding_");
    if (is_matrix && info.shape.size() != 2) throw InputError("tensor {}: expected two dimensions.", stored);
    if (part == "lora_A.weight" || part == "adapter_down.weight") row["in"] = info.shape.at(1);
    if (part == "lora_embedding_B") row["out"] = info.shape.at(0);
    if (part == "lora_embedding_A") row["in"] = info.shape.at(1);
    if (part == "weight" || part == "base_layer.weight") row["saved"] = info.shape;
    if (part == "lora_B.weight" || part == "adapter_up.weight") row["out"] = info.shape.at(0);
    if (part == "lora_A.weight" || part == "lora_embedding_A") {
      row["r"] = info.shape.at(0);
      row["scale"] = scale_of(options_, path);
      row["alpha"] = scale_of(options_, path) *
                     (options_.use_rslora ? std::sqrt(rank_of(options_, path)) : static_cast<double>(rank_of(options_, path)));
    }
    if (part == "lora_k") row["K"] = curvature_of(options_, value.item<double>());
    if (part == "lora_norm_scale") row["norm_scale"] = value.item<double>();
  }

  /// By layer. The first release never saved its k: it is the config's.
  Json rows() {
    std::stable_sort(rows_.begin(), rows_.end(), [](const Json& a, const Json& b) { return layer_of(a) < layer_of(b); });
    Json all = Json::array();
    for (auto& row : rows_) {
      if (may_lack_scalars(options_) && !row.contains("K")) row["K"] = curvature_of(options_, options_.curvature);
      all.push_back(row);
    }
    return all;
  }

 private:
  static size_t part_begin(const std::string& clean) {
    if (is_of_end(clean)) return clean.find('.', std::min(clean.find(embedding_name), clean.find(head_name)));
    for (const char* part : {".lora_", ".adapter_"}) {
      const size_t position = clean.rfind(part);
      if (position != std::string::npos) return position;
    }
    return std::string::npos;
  }
  static int64_t layer_of(const Json& row) {
    const std::string path = row["path"];
    const size_t mark = path.find("layers.");
    return mark == std::string::npos ? 0 : std::strtoll(path.c_str() + mark + 7, nullptr, 10);
  }
  Json& row_of(const std::string& path) {
    const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Json& r) { return r["path"] == path; });
    if (found != rows_.end()) return *found;
    return rows_.emplace_back(Json{{"path", path}});
  }

  const AdapterOptions& options_;
  std::vector<Json> rows_;
};

Json curvature_range(const Json& modules) {
  double least = INFINITY, most = -INFINITY, sum = 0;
  int64_t count = 0;
  for (const auto& row : modules) {
    if (!row.contains("K")) continue;
    const double K = row["K"];
    least = std::min(least, K);
    most = std::max(most, K);
    sum += K;
    ++count;
  }
  if (count == 0) return nullptr;
  return {{"least", least}, {"mean", sum / static_cast<double>(count)}, {"largest", most}};
}

void add_tensors(const AdapterTensors& file, const AdapterOptions& options, Json& facts) {
  Modules modules(options);
  int64_t parameters = 0;
  size_t bytes = 0;
  Json types = Json::object(), tensors = Json::array();
  for (const auto& [place, stored] : file.stored()) {
    const TensorInfo& info = file.file().tensors().at(stored);
    int64_t count = 1;
    for (const int64_t size : info.shape) count *= size;
    parameters += count;
    bytes += info.end - info.begin;
    types[info.dtype] = types.value(info.dtype, 0) + 1;
    tensors.push_back({{"name", stored}, {"shape", info.shape}, {"dtype", info.dtype}, {"bytes", info.end - info.begin}});
    modules.add(stored, info, count == 1 ? file.file().tensor(stored) : at::Tensor());
  }
  facts["parameters"] = parameters;
  facts["bytes"] = bytes;
  facts["dtypes"] = types;
  facts["modules"] = modules.rows();
  facts["curvature"] = curvature_range(facts["modules"]);
  facts["tensors"] = tensors;
}

std::string joined(const Json& names) {
  std::vector<std::string> texts;
  for (const Json& name : names) texts.push_back(name.is_string() ? name.get<std::string>() : shown(name));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string answer_text(const Json& place) {
  if (place["loads"].get<bool>()) return "yes";
  return "no: " + place["why"].get<std::string>();
}

std::string module_text(const Json& row) {
  std::string line = "  " + row["path"].get<std::string>();
  for (const char* key : {"in", "out", "r", "alpha", "K", "norm_scale"}) {
    if (row.contains(key)) line += fmt::format("  {} {:.6g}", key, row[key].get<double>());
  }
  if (row.contains("saved")) line += "  its own weight";
  return line + "\n";
}

/// All texts of files, names among them, without what a terminal would obey.
Json printable_strings(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (!value.is_structured()) return value;
  Json made = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, inner] : value.items()) {
    if (value.is_array()) {
      made.push_back(printable_strings(inner));
    } else {
      made[printable(key)] = printable_strings(inner);
    }
  }
  return made;
}

}  // namespace

Json inspect_adapter(const fs::path& folder, const fs::path& base) {
  if (!fs::exists(folder / "adapter_config.json") && fs::exists(folder / "config.json")) {
    throw InputError("{}: is a checkpoint (what adapter \"full\" writes), not an adapter; give it as --model.",
                     folder.string());
  }
  const AdapterOptions options = read_adapter_options(folder);
  const AdapterTensors file = AdapterTensors::open(folder);
  const Json config = read_peft_config(folder);
  Json facts{{"folder", folder.string()},
             {"kind", options.adapter},
             {"variant", has_curvature(options) ? Json(options.hyplora_variant) : Json(nullptr)},
             {"text", adapter_text(options)},
             {"layout", layout_of(folder, config)},
             {"peft_type", config.value("peft_type", Json(peft_type_of(options)))},
             {"base_model", config.value("base_model_name_or_path", Json(nullptr))}};
  AdapterOptions copy = options;
  Fields fields;
  facts["options"] = add_adapter_fields(fields, copy).values();
  for (const auto& name : options.ends.targets) facts["options"]["target_modules"].push_back(name);
  add_tensors(file, options, facts);
  facts["loads_in"] = {{"hyplora", loads_here(options, facts["modules"])},
                       {"stock PEFT", answer(loads_in_peft(options, config))},
                       {"the paper's release", answer(loads_in_release(options, config))}};
  if (!base.empty()) facts["loads_in"][base.string()] = loads_on_base(options, folder, base);
  return facts;
}

std::string inspection_text(const Json& found) {
  const Json facts = printable_strings(found);
  std::string text = fmt::format("{}\n", facts["folder"].get<std::string>());
  const auto line = [&](const char* name, const std::string& value) { text += fmt::format("{:<12} {}\n", name, value); };
  line("kind", facts["text"]);
  line("layout", fmt::format("{} (peft_type {})", facts["layout"].get<std::string>(), joined(facts["peft_type"])));
  if (facts["base_model"].is_string()) line("base", facts["base_model"]);
  if (find_kind(facts["kind"]).fit != nullptr) line("targets", joined(facts["options"]["target_modules"]));
  std::string types;
  for (const auto& [type, count] : facts["dtypes"].items()) types += fmt::format(", {} {}", count.get<int64_t>(), type);
  line("tensors", fmt::format("{} ({}), {} parameters, {} bytes", facts["tensors"].size(), types.substr(2),
                              facts["parameters"].get<int64_t>(), facts["bytes"].get<int64_t>()));
  if (const Json& K = facts["curvature"]; !K.is_null())
    line("curvature K", fmt::format("least {:.6g}, mean {:.6g}, largest {:.6g}", K["least"].get<double>(),
                                    K["mean"].get<double>(), K["largest"].get<double>()));
  text += "loads in\n";
  for (const auto& [place, loads] : facts["loads_in"].items()) text += fmt::format("  {}: {}\n", place, answer_text(loads));
  if (!facts["modules"].empty()) text += "modules\n";
  for (const auto& row : facts["modules"]) text += module_text(row);
  return text;
}

}  // namespace hyplora

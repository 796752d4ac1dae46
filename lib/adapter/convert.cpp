#include "adapter/convert.h"

#include <algorithm>

#include "adapter/adapter_tensors.h"
#include "adapter/kinds.h"
#include "adapter/peft_config.h"
#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

/// An adapter on its way from one layout to another.
struct Parcel {
  fs::path from;
  AdapterOptions options;
  Json config;  // adapter_config.json as it was
  NamedTensors tensors;

  fs::path base_model() const {
    const Json name = config.value("base_model_name_or_path", Json());
    return name.is_string() ? name.get<std::string>() : "";
  }
};

/// As it stands in PEFT's words. Prefix tuning's config says the base's sizes, which only it knows.
Json config_for(const Parcel& parcel, const AdapterOptions& options) {
  if (options.adapter == "prefix") return parcel.config;
  return peft_config(options, parcel.base_model(), {});
}

void write_hyplora(const Parcel& parcel, const fs::path& to) {
  write_adapter(to, parcel.tensors, config_for(parcel, parcel.options));
  write_own_config(to, parcel.options);
}

/// What the first release's config cannot say.
void check_first_release(const Parcel& parcel) {
  const AdapterOptions& o = parcel.options;
  if (o.use_rslora || !o.rank_pattern.empty() || !o.alpha_pattern.empty() || o.layers_to_transform || o.exclude_modules) {
    throw InputError(
        "{}: the first release knows no use_rslora, rank_pattern, alpha_pattern, layers_to_transform or exclude_modules "
        "and would load this adapter as another one.",
        parcel.from.string());
  }
  log::warn("The first release reads adapter_model.bin: save the tensors of adapter_model.safetensors with torch.save.");
}

void write_release(const Parcel& parcel, const fs::path& to) {
  const auto lora_type = lora_type_of(parcel.options);
  if (!lora_type) {
    throw InputError("{}: cannot be written for the release ({}): {}.", parcel.from.string(), adapter_text(parcel.options),
                     parcel.options.adapter == "hyplora" ? "the release has no such formula, and would compute another one"
                                                         : "the release's scripts have no such kind");
  }
  if (parcel.options.adapter == "hyplora" && parcel.options.curvature < 0) {
    throw InputError("{}: curvature: found {}, which lora_type cannot say: the release splits it at dashes.",
                     parcel.from.string(), parcel.options.curvature);
  }
  NamedTensors tensors = parcel.tensors;
  if (may_lack_scalars(parcel.options)) {
    check_first_release(parcel);
    for (auto& [name, value] : tensors) {
      if (const size_t mark = name.find(".lora_"); value.dim() == 0) name.erase(mark + 1, std::string_view("lora_").size());
    }
  }
  AdapterOptions as_lora = parcel.options;
  if (as_lora.adapter == "hyplora") as_lora.adapter = "lora";
  Json config = config_for(parcel, as_lora);
  config["lora_type"] = *lora_type;
  write_adapter(to, tensors, config);
}

void write_peft(const Parcel& parcel, const fs::path& to) {
  AdapterOptions options = parcel.options;
  if (options.adapter == "hyplora" && not_a_matrix(options) == nullptr) options.adapter = "lora";
  const std::string type = peft_type_of(options);
  if (type != "LORA" && type != "PREFIX_TUNING") {
    throw InputError("{}: cannot be written for PEFT ({}): {}.", parcel.from.string(), adapter_text(options),
                     type == "HYPLORA"
                         ? "PEFT would compute plain LoRA with its tensors; `hyplora-adapter linearize` makes an approximate "
                           "LoRA"
                         : "PEFT has no bottleneck adapters");
  }
  write_adapter(to, parcel.tensors, config_for(parcel, options));
}

struct Layout {
  const char* name;
  void (*write)(const Parcel& parcel, const fs::path& to);
};
constexpr Layout layouts[] = {{"hyplora", write_hyplora}, {"release", write_release}, {"peft", write_peft}};

}  // namespace

std::vector<std::string> adapter_layouts() {
  std::vector<std::string> names;
  for (const auto& row : layouts) names.emplace_back(row.name);
  return names;
}

void convert_adapter(const fs::path& from, const std::string& layout, const fs::path& to) {
  const auto row = std::find_if(std::begin(layouts), std::end(layouts), [&](const Layout& l) { return layout == l.name; });
  if (row == std::end(layouts))
    throw InputError("--to: found \"{}\", expected one of {}.", layout, fmt::join(adapter_layouts(), ", "));
  Parcel parcel{from, read_adapter_options(from), Json::object(), {}};
  if (fs::exists(from / "adapter_config.json")) parcel.config = read_json(from / "adapter_config.json");
  const AdapterTensors file = AdapterTensors::open(from);
  for (const auto& stored : names_in_order(file.file())) {
    const std::string name = clean_adapter_name(stored);
    const at::Tensor value = file.file().tensor(stored);
    const bool is_scalar = name.ends_with(".lora_k") || name.ends_with(".lora_norm_scale");
    parcel.tensors.emplace_back(name, is_scalar && value.numel() == 1 ? value.reshape({}) : value);
  }
  row->write(parcel, to);
}

}  // namespace hyplora

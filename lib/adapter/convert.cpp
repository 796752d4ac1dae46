#include "adapter/convert.h"

#include <algorithm>

#include "adapter/adapter_tensors.h"
#include "adapter/ends.h"
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

/// As it stands in PEFT's words. What says the base's sizes stays as it was: only the base knows them.
Json config_for(const Parcel& parcel, const AdapterOptions& options) {
  return kind_of(options).tells_base ? parcel.config : peft_config(options, parcel.base_model(), {});
}

void write_hyplora(const Parcel& parcel, const fs::path& to) {
  write_adapter(to, parcel.tensors, config_for(parcel, parcel.options));
  write_own_config(to, parcel.options);
}

/// lora_k and lora_norm_scale by the first release's names.
NamedTensors first_release_names(NamedTensors tensors) {
  for (auto& [name, value] : tensors) {
    if (const size_t mark = name.find(".lora_"); value.dim() == 0) name.erase(mark + 1, std::string_view("lora_").size());
  }
  return tensors;
}

/// The releases read PEFT's LoRA with one more key.
void write_release(const Parcel& parcel, const fs::path& to) {
  const auto [lora_type, why_not] = released_as(parcel.options);
  if (!lora_type) {
    throw InputError("{}: cannot be written for the release ({}): {}.", parcel.from.string(), adapter_text(parcel.options),
                     why_not);
  }
  Json config = config_for(parcel, parcel.options);
  config["peft_type"] = lora_kind.peft_type;
  config["lora_type"] = *lora_type;
  const bool is_first = may_lack_scalars(parcel.options);
  if (is_first)
    log::warn("The first release reads adapter_model.bin: save the tensors of adapter_model.safetensors with torch.save.");
  write_adapter(to, is_first ? first_release_names(parcel.tensors) : parcel.tensors, config);
}

void write_peft(const Parcel& parcel, const fs::path& to) {
  const Kind& form = form_of(parcel.options);
  if (form.not_in_peft != nullptr) {
    throw InputError("{}: cannot be written for PEFT ({}): {}.", parcel.from.string(), adapter_text(parcel.options),
                     form.not_in_peft);
  }
  AdapterOptions options = parcel.options;
  options.adapter = form.name;
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
  Parcel parcel{from, read_adapter_options(from), read_peft_config(from), {}};
  const AdapterTensors file = AdapterTensors::open(from);
  require_no_ends(file);
  for (const auto& stored : names_in_order(file.file())) {
    const std::string name = clean_adapter_name(stored);
    const at::Tensor value = file.file().tensor(stored);
    if (!value.isfinite().all().item<bool>())
      throw InputError("{}: tensor {}: holds values that are not finite.", file.file().path().string(), stored);
    const bool is_scalar = name.ends_with(".lora_k") || name.ends_with(".lora_norm_scale");
    parcel.tensors.emplace_back(name, is_scalar && value.numel() == 1 ? value.reshape({}) : value);
  }
  row->write(parcel, to);
}

}  // namespace hyplora

// Adapter folders. PEFT's layout: adapter_config.json and adapter_model.safetensors with
// base_model.model.<module>.lora_A.weight [r, in] and .lora_B.weight [out, r]. A hyperbolic adapter has peft_type HYPLORA, so
// that nothing loads it as plain LoRA, the scalars .lora_k and .lora_norm_scale, and hyplora.json, where the config keys that
// shape it stand under their config names. Read are these folders, PEFT's own, and the published releases' (peft_type LORA with
// a lora_type), under all the names of adapter_tensors.h.
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <set>

#include "adapter/adapter_tensors.h"
#include "adapter/ends.h"
#include "adapter/kinds.h"
#include "adapter/norm_scale.h"
#include "adapter/peft_config.h"
#include "adapter/peft_keys.h"
#include "core/error.h"
#include "model/meta.h"

namespace hyplora {
namespace {

constexpr const char* config_file = "adapter_config.json";
constexpr const char* own_file = "hyplora.json";

Json own_config(AdapterOptions options) {
  Json config{{"format", 1}};
  Fields fields;
  config.update(add_adapter_fields(fields, options).values());
  return config;
}

/// What an adapter_config.json beside hyplora.json says of the same; nothing where it is not there.
void read_shared(const fs::path& file, AdapterOptions& options) {
  const auto read = kind_of(options).shared_with_peft;
  if (read == nullptr || !fs::exists(file)) return;
  const Json config = read_json(file);
  const PeftKeys keys(config, file);
  keys.refuse({"modules_to_save"});  // ours have none
  read(keys, options);
}

AdapterOptions options_from_own(const fs::path& path) {
  Json config = read_json(path);
  if (!config.is_object() || !config.contains("format")) throw InputError("{}: key \"format\" is missing.", path.string());
  if (config["format"] != 1)
    throw InputError("{}: key \"format\": found {}, expected 1.", path.string(), shown(config["format"]));
  config.erase("format");
  config.erase("notes");
  AdapterOptions options;
  options.hyplora_variant = "lorentz";  // what a file without these two keys has always meant
  options.curvature = 1;
  Fields fields;
  add_adapter_fields(fields, options);
  if (config.contains("adapter")) fields.read_object({{"adapter", config["adapter"]}}, path.string());
  read_shared(path.parent_path() / config_file, options);
  fields.read_object(config, path.string());
  AdapterOptions theirs = options;
  read_shared(path.parent_path() / config_file, theirs);
  Fields told;
  const Json ours = fields.values(), other = add_adapter_fields(told, theirs).values();
  for (const auto& [key, value] : ours.items()) {
    if (other[key] == value) continue;
    throw InputError("{}: key \"{}\": found {}, but {} says {}.", path.string(), key, shown(value), config_file,
                     shown(other[key]));
  }
  return options;
}

/// InputError where the folder is something else that people take for an adapter.
void require_adapter_here(const fs::path& folder) {
  if (fs::exists(folder / "adapters.safetensors"))
    throw InputError(
        "{}: is an adapter of MLX; mlx_lm.fuse writes it and its base as a checkpoint, which can be given as --model.",
        folder.string());
  if (fs::exists(folder / config_file)) return;
  for (const char* link : {"best", "latest"}) {
    if (fs::is_directory(folder / link))
      throw InputError("{}: its run did not end, so that its adapter is not there yet; give {}.", folder.string(),
                       (folder / link).string());
  }
  throw InputError("{}: no {} is there; expected an adapter folder.", folder.string(), config_file);
}

std::string shape_text(const at::Tensor& t) { return fmt::format("[{}]", fmt::join(t.sizes().begin(), t.sizes().end(), ", ")); }

}  // namespace

AdapterOptions read_adapter_options(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected an adapter folder.", folder.string());
  if (fs::exists(folder / own_file)) return options_from_own(folder / own_file);
  require_adapter_here(folder);
  return options_from_peft(read_json(folder / config_file), folder / config_file);
}

Adapters Adapters::load(Transformer& model, const fs::path& folder) {
  const AdapterOptions options = read_adapter_options(folder);
  Transformer shape = shape_only(model.spec(), learns_all_weights(options));
  attach(shape, options, 0).check_fits(folder);  // before memory is asked for what a config claims
  Adapters adapters = attach(model, options, 0);
  adapters.restore(folder);
  if (kind_of(options).takes_ends)
    put_ends_on(model, read_ends(model, options, AdapterTensors::open(folder, weights_file(options))));
  for (const auto& [name, value, is_k] : adapters.parameters_) {  // a run that is resumed may go where training led it
    if (!is_k || is_curvature(options, value.item<double>())) continue;
    throw InputError("{}: tensor {}: found {}, which stands for no curvature of its variant.",
                     (folder / weights_file(options)).string(), name, value.item<double>());
  }
  return adapters;
}

std::vector<at::Tensor> Adapters::match(const AdapterTensors& file) const {
  const std::string path = file.file().path().string();
  std::set<std::string> expected;
  std::vector<at::Tensor> values;
  for (const auto& parameter : parameters_) {
    values.emplace_back();
    if (parameter.value.dim() == 0 && !file.contains(parameter.name) && may_lack_scalars(options_)) continue;
    expected.insert(adapter_place(parameter.name));
    const at::Tensor stored = file.tensor(parameter.name);
    const bool both_scalar = stored.numel() == 1 && parameter.value.numel() == 1;
    if (stored.sizes() != parameter.value.sizes() && !both_scalar) {
      throw InputError("{}: tensor {}: found shape {}, expected {}.", path, parameter.name, shape_text(stored),
                       shape_text(parameter.value));
    }
    values.back() = stored.reshape(parameter.value.sizes());
  }
  for (const auto& [place, name] : file.stored()) {
    if (expected.count(place) == 0 && !(kind_of(options_).takes_ends && is_of_end(name))) {
      throw InputError(
          "{}: tensor {} belongs to no adapter of this model; the adapter was made for another base or another kind.", path,
          name);
    }
  }
  return values;
}

void Adapters::require_sound(const fs::path& file, const Parameter& parameter, const at::Tensor& value) const {
  if (!value.to(parameter.value.scalar_type()).isfinite().all().item<bool>())  // as it is computed with
    throw InputError("{}: tensor {}: holds values that are not finite.", file.string(), parameter.name);
  if (is_norm_scale(options_, parameter.name) && value.item<double>() == 0)
    throw InputError("{}: tensor {}: found 0, by which its variant divides.", file.string(), parameter.name);
}

void Adapters::check_fits(const fs::path& folder) const {
  const AdapterTensors file = AdapterTensors::open(folder, weights_file(options_));
  match(file);
  if (kind_of(options_).takes_ends) read_ends(*model_, options_, file);
}

void Adapters::restore(const fs::path& folder) {
  const auto values = match(AdapterTensors::open(folder, weights_file(options_)));
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].defined()) require_sound(folder / weights_file(options_), parameters_[i], values[i]);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].defined()) parameters_[i].value.copy_(values[i]);
  }
}

void Adapters::save(const fs::path& folder, const fs::path& base_model) const {
  if (learns_all_weights(options_)) return write_checkpoint(folder, tensors(), base_model);
  write_adapter(folder, tensors(), peft_config(options_, base_model, model_->spec()));
  write_own_config(folder, options_);
}

void write_adapter(const fs::path& folder, const NamedTensors& tensors, const Json& config) {
  write_safetensors(folder / adapter_weights, tensors, {{"format", "pt"}});
  write_file(folder / config_file, json_text(config, 2) + "\n");
}

void write_own_config(const fs::path& folder, const AdapterOptions& options, const Json& notes) {
  Json config = own_config(options);
  if (!notes.is_null()) config["notes"] = notes;
  write_file(folder / own_file, json_text(config, 2) + "\n");
}

}  // namespace hyplora

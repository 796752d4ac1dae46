// What is trained and saved: the adapters of a model's linear layers, or (adapter "full") all of its weights.
// A kind is one row of the table in adapter.cpp.
#pragma once

#include <array>

#include "adapter/low_rank.h"
#include "core/fields.h"
#include "model/transformer.h"

namespace hyplora {

struct AdapterOptions {
  std::string adapter = "hyplora";          // a name of adapter_kinds()
  std::string hyplora_variant = "lorentz";  // a name of hyplora_variants()
  int64_t lora_r = 32;
  double lora_alpha = 64, lora_dropout = 0.05;
  bool use_rslora = false;
  StringOrList target_modules{{"q_proj", "k_proj", "v_proj", "up_proj", "down_proj"}, false};
  std::map<std::string, int64_t> rank_pattern;
  std::map<std::string, double> alpha_pattern;
  double curvature = 1.0;
  bool train_curvature = true;
};

std::vector<std::string> adapter_kinds();
std::vector<std::string> hyplora_variants();

/// Adds the keys above to a config's fields.
Fields& add_adapter_fields(Fields& fields, AdapterOptions& options);

/// InputError where the options contradict each other.
void check_adapter_options(const AdapterOptions& options);

/// One trained tensor, under the name that it has in the adapter's file.
struct Parameter {
  std::string name;
  at::Tensor value;
  bool is_curvature = false;
};

/// Dropout draws from (seed, module): the same mask again for the same seed, in recomputation and after a resume.
struct Dropout {
  double rate = 0;
  bool active = false;
  uint64_t seed = 0;
};

class Adapters {
 public:
  /// Puts fresh adapters on the target modules, initialised from the seed so that the model starts equal to the base.
  /// InputError: targets that match no module, an invalid pattern.
  static Adapters attach(Transformer& model, const AdapterOptions& options, uint64_t seed);
  /// Reads an adapter folder (ours, PEFT's, or the published release's) and puts it on the model. See adapter_files.cpp.
  static Adapters load(Transformer& model, const fs::path& folder);

  /// adapter_model.safetensors, adapter_config.json and hyplora.json; for "full" a checkpoint in the base folder's layout.
  void save(const fs::path& folder, const fs::path& base_model) const;
  /// Takes the values of a folder that `save` wrote for the same options.
  void restore(const fs::path& folder);

  const AdapterOptions& options() const { return options_; }
  /// Those that learn, in a fixed order.
  std::vector<Parameter> trained() const;
  int64_t trained_count() const;
  /// Least, mean and largest K over the modules; nothing where the kind has no curvature.
  std::optional<std::array<double, 3>> curvature_summary() const;

  /// While training, each micro-batch has a dropout seed of its own; without one (evaluation) nothing is dropped.
  void start_dropout(uint64_t seed);
  void stop_dropout();

 private:
  NamedTensors tensors() const;

  AdapterOptions options_;
  std::vector<Parameter> parameters_;
  std::shared_ptr<Dropout> dropout_ = std::make_shared<Dropout>();
  Transformer* model_ = nullptr;
};

/// Takes every adapter off the model's linear layers.
void detach_adapters(Transformer& model);

/// The options that shape an adapter folder, as it says them itself. InputError when it cannot be read here, with the reason.
AdapterOptions read_adapter_options(const fs::path& folder);

/// "hyplora-1.0", "hyplora_simplified-0.5" and "std", as the paper's scripts spell a kind with its curvature.
void apply_lora_type(const std::string& lora_type, AdapterOptions& options, const std::string& where);

/// The linear layers that target_modules picks, in the model's order. PEFT's rules: a list holds suffixes of module paths, one
/// string is a regular expression on the whole path, "all-linear" is every linear layer of the blocks.
std::vector<Linear*> target_linears(Transformer& model, const StringOrList& targets);

}  // namespace hyplora

// What is trained and saved: the adapters of a model's linear layers, or (adapter "full") all of its weights. A kind is one row
// (kinds.h); what others must know of it is asked here.
#pragma once

#include <array>

#include "adapter/dropout.h"
#include "core/fields.h"
#include "model/transformer.h"

namespace hyplora {

class AdapterTensors;

/// Embedding and head, as a PEFT folder says that it changes them (ends.h): read, never trained, and so no keys of a config.
struct EndOptions {
  std::vector<std::string> targets, saved;  // of target_modules and modules_to_save; embed_tokens and lm_head
  bool tied = false;                        // ensure_weight_tying
};

struct AdapterOptions {
  std::string adapter = "hyplora";          // a name of adapter_kinds()
  std::string hyplora_variant = "bounded";  // a name of hyplora_variants()
  int64_t lora_r = 32;
  double lora_alpha = 64, lora_dropout = 0.05;
  bool use_rslora = false;
  StringOrList target_modules{{"q_proj", "k_proj", "v_proj", "up_proj", "down_proj"}, false};
  std::optional<StringOrList> exclude_modules;
  std::optional<std::vector<int64_t>> layers_to_transform;
  std::map<std::string, int64_t> rank_pattern;
  std::map<std::string, double> alpha_pattern;
  NumberOrAuto curvature{1.0, true};  // auto: of each module by its first tokens (adapter/calibrate.h)
  bool train_curvature = true;
  int64_t bottleneck_size = 256;
  std::string non_linearity = "tanh";
  double scaling = 1;
  int64_t num_virtual_tokens = 30;
  EndOptions ends;
};

std::vector<std::string> adapter_kinds();
std::vector<std::string> hyplora_variants();

/// Adds the keys above to a config's fields.
Fields& add_adapter_fields(Fields& fields, AdapterOptions& options);

/// InputError where the options contradict each other.
void check_adapter_options(const AdapterOptions& options);
/// The kind and its numbers in a phrase.
std::string adapter_text(const AdapterOptions& options);
/// How the kind's folder is marked: PEFT's peft_type.
std::string peft_type_of(const AdapterOptions& options);
/// The file that holds what is trained.
std::string weights_file(const AdapterOptions& options);
/// For the model card: in which programs the folder loads, and what must not be done with it.
std::string loading_text(const AdapterOptions& options);

/// Whether nothing of the model is frozen: its weights are the trained ones, in fp32, and what is saved is a checkpoint.
bool learns_all_weights(const AdapterOptions& options);
/// Learned tokens before each row, which take places of the model's context.
int64_t lead_tokens(const AdapterOptions& options);
/// Whether `hyplora_variant` and `curvature` mean anything, and what curvature and train_curvature are where the config does not
/// say them.
bool has_curvature(const AdapterOptions& options);
NumberOrAuto default_curvature(const AdapterOptions& options);
bool learns_curvature_by_default(const AdapterOptions& options);
/// Whether it is not linear for a curvature's sake: not so for a variant whose maps cancel.
bool is_hyperbolic(const AdapterOptions& options);
/// Why no weight W' stands for base and adapter together, as a clause; null where one does.
const char* not_a_matrix(const AdapterOptions& options);

/// One trained tensor, under the name that it has in the adapter's file.
struct Parameter {
  std::string name;
  at::Tensor value;
  bool is_curvature = false;
};

/// What an adapter costs, which can be counted before a run.
struct AdapterCost {
  int64_t parameters = 0;       // that learn
  int64_t bytes_per_token = 0;  // left for the backward pass
};

class Adapters {
 public:
  /// Puts fresh adapters on the target modules, initialised from the seed. The model starts equal to the base (but see
  /// `prefix`). InputError: targets that match no module, an invalid pattern.
  static Adapters attach(Transformer& model, const AdapterOptions& options, uint64_t seed);
  /// Reads an adapter folder (ours, PEFT's, or the published release's) and puts it on the model. See adapter_files.cpp.
  static Adapters load(Transformer& model, const fs::path& folder);

  /// adapter_model.safetensors, adapter_config.json and hyplora.json; for "full" a checkpoint in the base folder's layout.
  void save(const fs::path& folder, const fs::path& base_model) const;
  /// Takes the values of a folder that `save` wrote for the same options.
  void restore(const fs::path& folder);
  /// InputError, with the first tensor that does not fit, where `restore` would throw it; reads no values.
  void check_fits(const fs::path& folder) const;

  const AdapterOptions& options() const { return options_; }
  /// The parameters that learn, in a fixed order.
  std::vector<Parameter> trained() const;
  int64_t trained_count() const;
  /// `base_width`: bytes of a number in the base's type.
  AdapterCost cost(int64_t base_width) const { return {trained_count(), 4 * kept_wide_ + base_width * kept_base_}; }
  /// Least, mean and largest K over the modules; nothing where the kind has no curvature.
  std::optional<std::array<double, 3>> curvature_summary() const { return curvature_summary(stored_curvatures()); }
  /// The same of what stored_curvatures gave, which may be an earlier moment's.
  std::optional<std::array<double, 3>> curvature_summary(const at::Tensor& stored) const;
  /// Each module's lora_k as it is stored, [n] float64 where the adapters lie, a copy; undefined where the kind has no curvature. Waits
  /// for no device.
  at::Tensor stored_curvatures() const;

  /// Gives one module another K, as if the options' curvature had been it.
  void set_curvature(const std::string& path, double K);

  /// While training, each micro-batch has a dropout seed of its own; without one (evaluation) nothing is dropped.
  void start_dropout(uint64_t seed);
  void stop_dropout();

 private:
  NamedTensors tensors() const;
  /// The stored value of each parameter, undefined where a file of its kind may lack it.
  std::vector<at::Tensor> match(const AdapterTensors& file) const;
  /// InputError: a stored value that is not finite, or a scale of 0 where its variant divides by it.
  void require_sound(const fs::path& file, const Parameter& parameter, const at::Tensor& value) const;

  AdapterOptions options_;
  std::vector<Parameter> parameters_;
  std::shared_ptr<Dropout> dropout_ = std::make_shared<Dropout>();
  int64_t kept_wide_ = 0, kept_base_ = 0;
  Transformer* model_ = nullptr;
};

/// Takes every adapter off the model.
void detach_adapters(Transformer& model);

/// The options that shape an adapter folder, as it says them itself. InputError when it cannot be read here, with the reason.
AdapterOptions read_adapter_options(const fs::path& folder);

/// The paper's scripts' spelling of a kind with its curvature, "hyplora-1.0" for example, or "std". InputError for others.
void apply_lora_type(const std::string& lora_type, AdapterOptions& options, const std::string& where);

/// The linear layers that target_modules, exclude_modules and layers_to_transform pick, in the model's order. PEFT's rules: a
/// list holds suffixes of module paths, one string is a regular expression on the whole path, "all-linear" is every linear
/// layer of the blocks. InputError where they pick none.
std::vector<Linear*> target_linears(Transformer& model, const AdapterOptions& options);

}  // namespace hyplora

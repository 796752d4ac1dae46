// What a kind of adapter is: one row that owns every fact of it, in the file that computes it (lora.cpp, dora.cpp, hyplora.cpp,
// bottleneck.cpp, prefix.cpp, full.cpp). Whoever needs a fact asks the row; nobody compares names.
#pragma once

#include <ATen/core/Generator.h>

#include "adapter/adapter.h"
#include "adapter/adapter_tensors.h"
#include "adapter/peft_keys.h"

namespace hyplora {

/// A module's rank and scaling: alpha/r, or alpha/sqrt(r). InputError for a rank below 1.
int64_t rank_of(const AdapterOptions& options, const std::string& path);
double scale_of(const AdapterOptions& options, const std::string& path);

/// A linear layer that is to get an adapter, and what it is made with.
struct Site {
  const Linear& linear;
  const AdapterOptions& options;
  ModuleDropout dropout;
  at::Generator& generator;

  int64_t rank() const { return rank_of(options, linear.path); }
  double scale() const { return scale_of(options, linear.path); }
  /// Where a fresh value is made: on the CPU, so that a seed gives the same everywhere; for a base without values, without any.
  at::TensorOptions fresh() const;
  /// Kaiming-uniform with a = sqrt 5, that is uniform within 1/sqrt(columns), from the generator.
  at::Tensor kaiming_uniform(int64_t rows, int64_t columns) const;
  /// A trained tensor: fp32 (fp64 over an fp64 base), on the base's device.
  at::Tensor parameter(const at::Tensor& value) const;
};

/// Numbers that one token leaves for the backward pass: in fp32 whatever the base's type, and in the base's type.
struct KeptNumbers {
  int64_t wide = 0, base = 0;
};

/// An adapter that fits one linear layer.
struct Fitted {
  std::vector<Parameter> parameters;  // named within the module, for example lora_A.weight
  std::shared_ptr<LinearAdapter> adapter;
  KeptNumbers kept;
};

/// How the published scripts spell an adapter, or why they have no such one, as a clause.
struct Released {
  std::optional<std::string> lora_type;
  std::string why_not;
};

/// A key of adapter_config.json that tells kinds of one peft_type apart.
struct PeftSwitch {
  const char* key = nullptr;
  bool value = false;
};

struct Kind {
  const char* name;       // config key `adapter`
  const char* title;      // for people
  const char* peft_type;  // marks its folders in adapter_config.json; empty: it writes a checkpoint instead
  PeftSwitch peft_switch = {};

  bool starts_at_base = true;                  // a fresh adapter changes nothing
  bool is_hyperbolic = false;                  // has hyplora_variant and curvature
  bool learns_all_weights = false;             // none is frozen: fp32, and what is saved is a checkpoint
  bool takes_ends = false;                     // on embedding and head, too, where a PEFT folder has them there (ends.h)
  bool tells_base = false;                     // its adapter_config.json says sizes of the base
  const char* weights_file = adapter_weights;  // in its folder
  const char* not_a_matrix = nullptr;          // why it is not foldable (foldable.h), as a clause; null: it is
  const char* not_in_peft = nullptr;           // why stock PEFT cannot compute it, as a clause; null: it does

  // Config: the keys that no earlier row has; what they say in a phrase, after the title; InputError where they cannot be.
  void (*add_fields)(Fields& fields, AdapterOptions& options) = nullptr;
  std::string (*text)(const AdapterOptions& options) = nullptr;
  void (*check)(const AdapterOptions& options) = nullptr;

  // adapter_config.json: its own keys, written and read.
  Json (*to_peft)(const AdapterOptions& options, const ModelSpec& spec) = nullptr;
  void (*from_peft)(const PeftKeys& keys, AdapterOptions& options) = nullptr;
  void (*shared_with_peft)(const PeftKeys& keys,
                           AdapterOptions& options) = nullptr;    // what hyplora.json says too; null: nothing
  Released (*released)(const AdapterOptions& options) = nullptr;  // null: the releases have no such kind

  // What it computes. `form`: the kind that computes it where that is another one; null: itself.
  const Kind& (*form)(const AdapterOptions& options) = nullptr;
  int64_t (*lead_tokens)(const AdapterOptions& options) = nullptr;  // before each row; null: none
  Fitted (*fit)(const Site& site) = nullptr;                        // one of these two
  std::vector<Parameter> (*take_model)(Transformer& model, const AdapterOptions& o, at::Generator& g) = nullptr;
};

extern const Kind hyplora_kind, lora_kind, dora_kind, series_kind, parallel_kind, prefix_kind, full_kind;

/// In the order in which users are told of them.
inline constexpr const Kind* kind_rows[] = {&hyplora_kind,  &lora_kind,   &dora_kind, &series_kind,
                                            &parallel_kind, &prefix_kind, &full_kind};

/// The kind of this name; InputError for another name.
const Kind& find_kind(const std::string& name);
const Kind& kind_of(const AdapterOptions& options);
/// The kind that computes what the options say: LoRA for a variant whose maps cancel.
const Kind& form_of(const AdapterOptions& options);

/// The last parts of the paths of embedding and head.
inline constexpr const char *embedding_name = "embed_tokens", *head_name = "lm_head";

// hyplora.cpp
/// The K that a stored k stands for, and the k that is stored for a curvature.
double curvature_of(const AdapterOptions& options, double k);
double stored_k(const AdapterOptions& options, double curvature);
/// Whether a stored k stands for a curvature that its variant can have.
bool is_curvature(const AdapterOptions& options, double k);
/// Whether files may lack k and norm_scale, which the first release never saved; its trained ones are called .k and .norm_scale.
bool may_lack_scalars(const AdapterOptions& options);

// lora_type.cpp
inline constexpr const char* plain_lora_type = "std";
Released released_as(const AdapterOptions& options);

// full.cpp
/// A checkpoint in the base folder's layout, with its config and tokenizer files.
void write_checkpoint(const fs::path& folder, const NamedTensors& weights, const fs::path& base_model);

// adapter_files.cpp
/// adapter_model.safetensors and adapter_config.json.
void write_adapter(const fs::path& folder, const NamedTensors& tensors, const Json& config);
/// hyplora.json; `notes`, what else is to be told of the adapter, may be null.
void write_own_config(const fs::path& folder, const AdapterOptions& options, const Json& notes = nullptr);

}  // namespace hyplora

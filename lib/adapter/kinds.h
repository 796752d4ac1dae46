// What a kind of adapter is: one row of the table in adapter.cpp, and one function that makes it for a linear layer (or, for
// what is not an adapter of linear layers, for the whole model).
#pragma once

#include <ATen/core/Generator.h>

#include "adapter/adapter.h"

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
  /// Uniform within the bound, from the generator.
  at::Tensor uniform(at::IntArrayRef shape, double bound) const;
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

struct Kind {
  const char* name;                 // config key `adapter`
  const char* title;                // in the model card
  const char* peft_type;            // in adapter_config.json
  bool starts_at_base;              // a fresh adapter changes nothing
  const char* not_a_matrix;         // why no weight W' stands for base and adapter together; null: one does
  Fitted (*fit)(const Site& site);  // one of these two
  std::vector<Parameter> (*take_model)(Transformer& model, const AdapterOptions& o, at::Generator& g);
};
const Kind& find_kind(const std::string& name);

Fitted fit_dora(const Site& site);                                                                  // dora.cpp
Fitted fit_series(const Site& site);                                                                // bottleneck.cpp
Fitted fit_parallel(const Site& site);                                                              // bottleneck.cpp
std::vector<Parameter> take_prefix(Transformer& model, const AdapterOptions& o, at::Generator& g);  // prefix.cpp

// hyplora.cpp
Fitted fit_lora(const Site& site);
Fitted fit_hyplora(const Site& site);
/// InputError where the variant cannot start at this curvature.
void check_curvature(const AdapterOptions& options);
/// The K that a stored k stands for in this variant.
double curvature_of(const AdapterOptions& options, double k);
/// As the published scripts spell kind and curvature, or nothing where they have no such kind.
std::optional<std::string> lora_type_of(const AdapterOptions& options);
/// Why no weight W' stands for base and adapter together; null where one does.
const char* not_a_matrix(const AdapterOptions& options);
/// The first release never saved k and norm_scale; its trained ones are called so.
bool may_lack_scalars(const AdapterOptions& options);

// adapter_files.cpp
/// adapter_model.safetensors and adapter_config.json.
void write_adapter(const fs::path& folder, const NamedTensors& tensors, const Json& config);
/// hyplora.json; `notes`, what else is to be told of the adapter, may be null.
void write_own_config(const fs::path& folder, const AdapterOptions& options, const Json& notes = nullptr);

}  // namespace hyplora

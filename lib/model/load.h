// A checkpoint folder -> a model on a device.
#pragma once

#include "model/transformer.h"

namespace hyplora {

/// auto (bfloat16 on CUDA, float32 on the CPU), float32, bfloat16, float16; InputError otherwise.
at::ScalarType dtype_named(const std::string& name, at::Device device);
std::string dtype_text(at::ScalarType dtype);
/// "auto" and the types' names.
std::vector<std::string> dtype_choices();
/// The types' names without "auto".
std::vector<std::string> dtype_names();

/// InputError where the family does not compute in this type.
void check_dtype(const ModelSpec& spec, at::ScalarType dtype);

/// Loads the weights; tensors of the file that the model does not use are logged by name.
Transformer load_model(const fs::path& folder, const ModelSpec& spec, const WeightOptions& options);

}  // namespace hyplora

// What a decoder is: the numbers of config.json and the switches of its family. One block serves all families; a family is one
// row of the table in spec.cpp. What config.json asks for and no row supports is an InputError that names the field.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/files.h"
#include "model/rope.h"
#include "ops/basic.h"

namespace hyplora {

/// In what the families' blocks differ.
struct FamilySwitches {
  ops::Activation activation = ops::Activation::silu;
  bool qkv_bias = false;          // of q, k and v; in any family where config.json has attention_bias
  bool norm_offset = false;       // norms scale by 1 + w, in fp32
  bool scaled_embedding = false;  // embeddings times sqrt(hidden_size), that number rounded to the weights' type
  bool head_norms = false;        // norms over each head of q and k
  bool output_norms = false;      // norms behind attention and MLP too
  bool fp16_overflows = false;    // activations leave fp16's range
};

struct ModelSpec : FamilySwitches {
  std::string model_type;
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double initializer_range = 0.02;
  double attention_scale = 0;  // of the scores; 1/sqrt(head_dim) in most families
  bool tied_embeddings = false, mlp_bias = false;
  bool output_bias = false;  // of o_proj: attention_bias
  RopeSpec rope;
  std::optional<RopeSpec> window_rope;  // of the layers with a window, where theirs differs
  std::vector<int64_t> windows;         // by layer: how many tokens a token sees, itself among them; 0: all before it
  std::optional<int64_t> bos, pad;
  std::vector<int64_t> eos;  // of generation_config.json where there is one, else of config.json
  std::string stored_dtype;  // as config.json names it; for reports

  int64_t parameters() const;
  /// The architecture as understood, for people.
  Json to_json() const;
};

/// Where a checkpoint folder says how its answers end; it need not be there.
inline fs::path generation_config_file(const fs::path& folder) { return folder / "generation_config.json"; }

/// Reads config.json (older and newer field names) and generation_config.json of a checkpoint folder.
ModelSpec read_model_spec(const fs::path& folder);

}  // namespace hyplora

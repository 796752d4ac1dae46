// What a decoder is: the numbers of config.json and the switches of its family. One block serves all families; a family is one row
// of the table in spec.cpp. What config.json asks for and no row supports is an InputError that names the field.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/files.h"

namespace hyplora {

/// Rotary embedding (Su et al. 2021, arXiv 2104.09864), with the frequency scaling of LLaMA 3.1.
struct RopeSpec {
  double theta = 10000.0;
  std::string type = "default";  // default, linear, llama3
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
  int64_t original_max_position = 8192;                  // llama3
};

struct ModelSpec {
  std::string model_type;
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double initializer_range = 0.02;
  bool tied_embeddings = false, attention_bias = false, mlp_bias = false;
  RopeSpec rope;
  std::optional<int64_t> bos, pad;
  std::vector<int64_t> eos;  // of generation_config.json where there is one, else of config.json
  std::string stored_dtype;  // as config.json names it; for reports

  int64_t parameters() const;
};

/// Reads config.json (older and newer field names) and generation_config.json of a checkpoint folder.
ModelSpec read_model_spec(const fs::path& folder);

/// One inverse frequency for each pair of a head's dimensions, [head_dim / 2].
std::vector<double> rope_frequencies(const ModelSpec& spec);

}  // namespace hyplora

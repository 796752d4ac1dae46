// Rotary embedding (Su et al. 2021, arXiv 2104.09864): the frequencies of a head's pairs of dimensions, as they are or scaled for a
// longer context. A scaling is one row of the table in rope.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hyplora {

class Config;

struct RopeSpec {
  double theta = 10000.0;
  std::string type = "default";  // rope_type of config.json
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
  int64_t original_max_position = 8192;                  // llama3
};

/// From a rope_parameters object of transformers 5, or a rope_scaling object of version 4; `theta` where it has none. InputError
/// for a scaling that is not computed here.
RopeSpec read_rope(const Config& config, double theta, int64_t max_positions);

/// One inverse frequency for each pair of a head's dimensions, [head_dim / 2].
std::vector<double> rope_frequencies(const RopeSpec& rope, int64_t head_dim);

}  // namespace hyplora

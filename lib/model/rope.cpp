#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/config_file.h"

namespace hyplora {
namespace {

void read_factor(const Config& config, int64_t, RopeSpec& rope) {
  rope.factor = config.get<double>("factor");
  if (!(rope.factor > 0)) throw InputError("{}: factor: found {}, expected a number above 0.", config.file(), rope.factor);
}

double divided(const RopeSpec& rope, double frequency) { return frequency / rope.factor; }

void read_llama3(const Config& config, int64_t max_positions, RopeSpec& rope) {
  read_factor(config, max_positions, rope);
  rope.low_freq_factor = config.get<double>("low_freq_factor");
  rope.high_freq_factor = config.get<double>("high_freq_factor");
  rope.original_max_position = config.size("original_max_position_embeddings", max_positions, int64_t{1} << 40);
  if (!(rope.high_freq_factor > rope.low_freq_factor)) {
    throw InputError("{}: high_freq_factor: found {}, expected more than low_freq_factor.", config.file(),
                     rope.high_freq_factor);
  }
}

/// LLaMA 3.1: wavelengths beyond the original context are stretched by `factor`, short ones kept, those between blended.
double blended(const RopeSpec& rope, double frequency) {
  const double turns = static_cast<double>(rope.original_max_position) * frequency / (2 * std::numbers::pi);
  const double kept = (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  const double share = std::clamp(kept, 0.0, 1.0);
  return frequency * (share + (1 - share) / rope.factor);
}

struct Scaling {
  const char* name;
  void (*read)(const Config& config, int64_t max_positions, RopeSpec& rope);
  double (*scaled)(const RopeSpec& rope, double frequency);
};
constexpr Scaling scalings[] = {
    {"default", [](const Config&, int64_t, RopeSpec&) {}, [](const RopeSpec&, double f) { return f; }},
    {"linear", read_factor, divided},
    {"llama3", read_llama3, blended}};

const Scaling* find_scaling(const std::string& type) {
  const auto row = std::find_if(std::begin(scalings), std::end(scalings), [&](const Scaling& s) { return type == s.name; });
  return row == std::end(scalings) ? nullptr : row;
}

}  // namespace

RopeSpec read_rope(const Config& config, double theta, int64_t max_positions) {
  RopeSpec rope;
  rope.theta = config.factor("rope_theta", theta);
  rope.type = config.get<std::string>("rope_type", config.get<std::string>("type", rope.type));
  const Scaling* scaling = find_scaling(rope.type);
  if (scaling == nullptr)
    throw InputError("{}: rope_type: found \"{}\", expected default, linear or llama3.", config.file(), rope.type);
  scaling->read(config, max_positions, rope);
  return rope;
}

std::vector<double> rope_frequencies(const RopeSpec& rope, int64_t head_dim) {
  const Scaling& scaling = *find_scaling(rope.type);
  std::vector<double> frequencies;
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    const double frequency = std::pow(rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
    frequencies.push_back(scaling.scaled(rope, frequency));
  }
  return frequencies;
}

}  // namespace hyplora

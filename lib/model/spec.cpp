#include "model/spec.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

/// What a family fixes, beyond the numbers that its config.json gives.
struct Family {
  const char* model_type;
  std::vector<const char*> activations;  // the accepted spellings of hidden_act
};
const Family families[] = {
    {"llama", {"silu"}},
};

const Family& find_family(const std::string& model_type, const std::string& file) {
  std::string known;
  for (const auto& family : families) {
    if (model_type == family.model_type) return family;
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  throw InputError("{}: model_type: found \"{}\", expected one of: {}.", file, model_type, known);
}

/// config.json with typed look-ups; each failure names the file and the field.
class Config {
 public:
  explicit Config(const fs::path& path) : file_(path.string()), json_(read_json(path)) {
    if (!json_.is_object()) throw InputError("{}: found {}, expected a JSON object.", file_, json_.type_name());
  }
  Config(std::string file, Json json) : file_(std::move(file)), json_(std::move(json)) {}

  const std::string& file() const { return file_; }
  const Json& json() const { return json_; }
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  template <class T>
  T get(const char* key) const {
    if (!has(key)) throw InputError("{}: field {} is missing.", file_, key);
    return read<T>(key);
  }
  template <class T>
  T get(const char* key, T otherwise) const {
    return has(key) ? read<T>(key) : otherwise;
  }
  int64_t size(const char* key) const { return positive(key, get<int64_t>(key)); }
  int64_t size(const char* key, int64_t otherwise) const { return positive(key, get<int64_t>(key, otherwise)); }

  /// A field that must have this value where it is given, because nothing else is computed here.
  template <class T>
  void only(const char* key, T supported) const {
    if (has(key) && read<T>(key) != supported) {
      throw InputError("{}: field {}: found {}, which is not supported; expected {}.", file_, key, json_[key].dump(),
                       Json(supported).dump());
    }
  }
  Config inner(const char* key) const {
    if (!json_[key].is_object()) throw InputError("{}: field {}: found {}, expected an object.", file_, key, json_[key].type_name());
    return Config(file_ + ": " + key, json_[key]);
  }

 private:
  int64_t positive(const char* key, int64_t value) const {
    if (value < 1 || value > (int64_t{1} << 40)) throw InputError("{}: field {}: found {}, expected a size.", file_, key, value);
    return value;
  }
  template <class T>
  T read(const char* key) const {
    const Json& value = json_[key];
    bool fits = value.is_number();
    if constexpr (std::is_same_v<T, int64_t>) fits = value.is_number_integer();
    if constexpr (std::is_same_v<T, bool>) fits = value.is_boolean();
    if constexpr (std::is_same_v<T, std::string>) fits = value.is_string();
    if (!fits) throw InputError("{}: field {}: found {}, which has the wrong type.", file_, key, value.dump().substr(0, 60));
    return value.get<T>();
  }

  std::string file_;
  Json json_;
};

/// transformers 5 writes rope_parameters; version 4 wrote rope_theta and rope_scaling beside each other.
RopeSpec read_rope(const Config& config, int64_t max_positions) {
  RopeSpec rope;
  rope.theta = config.get<double>("rope_theta", rope.theta);
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!config.has(key)) return rope;
  const Config scaling = config.inner(key);
  rope.theta = scaling.get<double>("rope_theta", rope.theta);
  rope.type = scaling.get<std::string>("rope_type", scaling.get<std::string>("type", "default"));
  if (rope.type != "default" && rope.type != "linear" && rope.type != "llama3") {
    throw InputError("{}: rope_type: found \"{}\", expected default, linear or llama3.", scaling.file(), rope.type);
  }
  if (rope.type == "default") return rope;
  rope.factor = scaling.get<double>("factor");
  if (!(rope.factor > 0)) throw InputError("{}: factor: found {}, expected a number above 0.", scaling.file(), rope.factor);
  if (rope.type == "linear") return rope;
  rope.low_freq_factor = scaling.get<double>("low_freq_factor");
  rope.high_freq_factor = scaling.get<double>("high_freq_factor");
  rope.original_max_position = scaling.size("original_max_position_embeddings", max_positions);
  if (!(rope.high_freq_factor > rope.low_freq_factor)) {
    throw InputError("{}: high_freq_factor: found {}, expected more than low_freq_factor.", scaling.file(), rope.high_freq_factor);
  }
  return rope;
}

std::vector<int64_t> read_token_ids(const Config& config, const char* key) {
  if (!config.has(key)) return {};
  const Json& value = config.json()[key];
  if (value.is_number_integer()) return {value.get<int64_t>()};
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_number_integer(); })) {
    throw InputError("{}: field {}: found {}, expected an id or an array of ids.", config.file(), key, value.dump().substr(0, 60));
  }
  return value.get<std::vector<int64_t>>();
}

std::optional<int64_t> read_token_id(const Config& config, const char* key) {
  const auto ids = read_token_ids(config, key);
  return ids.empty() ? std::nullopt : std::optional(ids.front());
}

void refuse_unsupported(const Config& config, const Family& family) {
  if (config.has("quantization_config")) {
    throw InputError("{}: field quantization_config: checkpoints with quantised weights are not supported.", config.file());
  }
  const std::string activation = config.get<std::string>("hidden_act", "silu");
  const auto& known = family.activations;
  if (std::find(known.begin(), known.end(), activation) == known.end()) {
    throw InputError("{}: field hidden_act: found \"{}\", expected {}.", config.file(), activation, fmt::join(known, " or "));
  }
  config.only<double>("attention_dropout", 0.0);
  config.only<double>("partial_rotary_factor", 1.0);
}

void check_heads(const ModelSpec& spec, const std::string& file) {
  if (spec.heads % spec.kv_heads != 0) {
    throw InputError("{}: num_attention_heads: found {}, expected a multiple of num_key_value_heads ({}).", file, spec.heads,
                     spec.kv_heads);
  }
  if (spec.head_dim % 2 != 0) throw InputError("{}: head_dim: found {}, expected an even number.", file, spec.head_dim);
}

void read_generation_config(const fs::path& path, ModelSpec& spec) {
  if (!fs::exists(path)) return;
  const Config config(path);
  const auto eos = read_token_ids(config, "eos_token_id");
  if (!eos.empty()) spec.eos = eos;
}

}  // namespace

int64_t ModelSpec::parameters() const {
  const int64_t q = heads * head_dim, kv = kv_heads * head_dim;
  const int64_t attention = hidden_size * (2 * q + 2 * kv) + (attention_bias ? q + 2 * kv + hidden_size : 0);
  const int64_t mlp = 3 * hidden_size * intermediate_size + (mlp_bias ? 2 * intermediate_size + hidden_size : 0);
  const int64_t embeddings = vocab_size * hidden_size * (tied_embeddings ? 1 : 2);
  return embeddings + layers * (attention + mlp + 2 * hidden_size) + hidden_size;
}

ModelSpec read_model_spec(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected a checkpoint folder.", folder.string());
  const Config config(folder / "config.json");
  ModelSpec spec;
  spec.model_type = config.get<std::string>("model_type");
  refuse_unsupported(config, find_family(spec.model_type, config.file()));
  spec.vocab_size = config.size("vocab_size");
  spec.hidden_size = config.size("hidden_size");
  spec.intermediate_size = config.size("intermediate_size");
  spec.layers = config.size("num_hidden_layers");
  spec.heads = config.size("num_attention_heads");
  spec.kv_heads = config.size("num_key_value_heads", spec.heads);
  spec.head_dim = config.size("head_dim", std::max<int64_t>(1, spec.hidden_size / spec.heads));
  spec.max_positions = config.size("max_position_embeddings", 2048);
  spec.rms_norm_eps = config.get<double>("rms_norm_eps", spec.rms_norm_eps);
  spec.initializer_range = config.get<double>("initializer_range", spec.initializer_range);
  spec.tied_embeddings = config.get<bool>("tie_word_embeddings", false);
  spec.attention_bias = config.get<bool>("attention_bias", false);
  spec.mlp_bias = config.get<bool>("mlp_bias", false);
  spec.rope = read_rope(config, spec.max_positions);
  spec.bos = read_token_id(config, "bos_token_id");
  spec.pad = read_token_id(config, "pad_token_id");
  spec.eos = read_token_ids(config, "eos_token_id");
  spec.stored_dtype = config.get<std::string>("dtype", config.get<std::string>("torch_dtype", "float32"));
  check_heads(spec, config.file());
  read_generation_config(folder / "generation_config.json", spec);
  return spec;
}

std::vector<double> rope_frequencies(const ModelSpec& spec) {
  const RopeSpec& rope = spec.rope;
  std::vector<double> frequencies;
  for (int64_t i = 0; i < spec.head_dim / 2; ++i) {
    double frequency = std::pow(rope.theta, -2.0 * static_cast<double>(i) / static_cast<double>(spec.head_dim));
    if (rope.type == "linear") frequency /= rope.factor;
    if (rope.type == "llama3") {
      // Wavelengths beyond the original context are stretched by `factor`, short ones kept, those between blended.
      const double turns = static_cast<double>(rope.original_max_position) * frequency / (2 * std::numbers::pi);
      const double kept = (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
      const double share = std::clamp(kept, 0.0, 1.0);
      frequency *= share + (1 - share) / rope.factor;
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

}  // namespace hyplora

#include "model/spec.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "model/config_file.h"

namespace hyplora {
namespace {

// The largest sizes: above those of any model, and low enough that the count of all parameters fits into 64 bits.
constexpr int64_t most_layers = 10'000, most_heads = 1 << 12, most_head_dim = 1 << 14, most_hidden = 1 << 20,
                  most_intermediate = 1 << 22, most_vocabulary = 1 << 24, most_positions = int64_t{1} << 40;

/// What a family fixes, beyond the numbers that its config.json gives. `defaults`: fields that its config.json may leave out.
struct Family {
  const char* model_type;
  std::vector<const char*> activations;  // the accepted spellings of hidden_act
  FamilySwitches switches = {};
  const char* defaults = "{}";
  const char* inside = nullptr;  // the model_type around it in multimodal checkpoints
};

const Family families[] = {
    {.model_type = "llama", .activations = {"silu"}},
    {.model_type = "mistral", .activations = {"silu"}, .defaults = R"({"num_key_value_heads": 8, "sliding_window": 4096})"},
    {.model_type = "qwen2",
     .activations = {"silu"},
     .switches = {.qkv_bias = true},
     .defaults = R"({"use_sliding_window": false})"},
    {.model_type = "qwen3",
     .activations = {"silu"},
     .switches = {.head_norms = true},
     .defaults = R"({"head_dim": 128, "use_sliding_window": false})"},
    // "gelu" in Gemma's first configs was a mistake; the weights were trained with the tanh form, which transformers computes.
    {.model_type = "gemma",
     .activations = {"gelu_pytorch_tanh", "gelu"},
     .switches = {.activation = ops::Activation::gelu_tanh, .norm_offset = true, .scaled_embedding = true},
     .defaults = R"({"head_dim": 256, "tie_word_embeddings": true, "hidden_act": "gelu_pytorch_tanh"})"},
    {.model_type = "gemma3_text",
     .activations = {"gelu_pytorch_tanh"},
     .switches = {.activation = ops::Activation::gelu_tanh,
                  .norm_offset = true,
                  .scaled_embedding = true,
                  .head_norms = true,
                  .output_norms = true,
                  .fp16_overflows = true},
     .defaults = R"({"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
                     "max_position_embeddings": 131072, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "sliding_window": 4096,
                     "sliding_window_pattern": 6, "query_pre_attn_scalar": 256, "tie_word_embeddings": true,
                     "hidden_activation": "gelu_pytorch_tanh"})",
     .inside = "gemma3"},
};

const Family& find_family(const std::string& model_type, const std::string& file) {
  std::vector<std::string> known;
  for (const auto& family : families) {
    if (model_type == family.model_type) return family;
    known.emplace_back(family.model_type);
  }
  throw InputError("{}: model_type: found \"{}\", expected one of: {}.", file, model_type, fmt::join(known, ", "));
}

/// The decoder's fields: of a multimodal checkpoint they stand in text_config, the ids of its tokens beside it.
Config decoder_config(const Config& outer) {
  const auto model_type = outer.get<std::string>("model_type");
  for (const auto& family : families) {
    if (family.inside != nullptr && model_type == family.inside)
      return outer.inner("text_config").with_defaults({{"model_type", family.model_type}});
  }
  return outer;
}

/// transformers 5 writes rope_parameters, one object or one for each kind of layer; version 4 wrote rope_theta, rope_scaling
/// and rope_local_base_freq beside each other.
void read_ropes(const Config& config, ModelSpec& spec) {
  const double theta = config.factor("rope_theta", 10000.0);
  const bool newer = config.has("rope_parameters");
  if (newer && config.inner("rope_parameters").has("full_attention")) {
    const Config kinds = config.inner("rope_parameters");
    spec.rope = read_rope(kinds.inner("full_attention"), theta, spec.max_positions);
    if (kinds.has("sliding_attention"))
      spec.window_rope = read_rope(kinds.inner("sliding_attention"), theta, spec.max_positions);
    return;
  }
  const char* key = newer ? "rope_parameters" : "rope_scaling";
  spec.rope.theta = theta;
  if (config.has(key)) spec.rope = read_rope(config.inner(key), theta, spec.max_positions);
  if (config.has("rope_local_base_freq")) {
    spec.window_rope = RopeSpec();
    spec.window_rope->theta = config.factor("rope_local_base_freq", 10000.0);
  }
}

/// Which layers have a window: layer_types where the file has it; else every one before the pattern's last (Gemma 3), those
/// from max_window_layers on (Qwen), or all (Mistral).
bool has_window(const Config& config, int64_t layer) {
  if (config.has("layer_types")) {
    const Json& types = config.json()["layer_types"];
    const Json& type =
        types.is_array() && static_cast<size_t>(layer) < types.size() ? types[static_cast<size_t>(layer)] : Json();
    if (type != "full_attention" && type != "sliding_attention") {
      throw InputError("{}: field layer_types: layer {}: found {}, expected \"full_attention\" or \"sliding_attention\".",
                       config.file(), layer, shown(type));
    }
    return type == "sliding_attention";
  }
  if (config.has("sliding_window_pattern")) return (layer + 1) % config.size("sliding_window_pattern", most_layers) != 0;
  return layer >= config.get<int64_t>("max_window_layers", 0);
}

std::vector<int64_t> read_windows(const Config& config, int64_t layers) {
  std::vector<int64_t> windows(static_cast<size_t>(layers), 0);
  if (!config.has("sliding_window") || !config.get<bool>("use_sliding_window", true)) return windows;
  const int64_t window = config.size("sliding_window", most_positions);
  for (int64_t i = 0; i < layers; ++i) windows[static_cast<size_t>(i)] = has_window(config, i) ? window : 0;
  return windows;
}

std::vector<int64_t> read_token_ids(const Config& config, const char* key) {
  if (!config.has(key)) return {};
  const Json& value = config.json()[key];
  if (value.is_number_integer()) return {value.get<int64_t>()};
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_number_integer(); })) {
    throw InputError("{}: field {}: found {}, expected an id or an array of ids.", config.file(), key, shown(value));
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
  const char* key = config.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const std::string activation = config.get<std::string>(key, family.activations.front());
  const auto& known = family.activations;
  if (std::find(known.begin(), known.end(), activation) == known.end()) {
    throw InputError("{}: field {}: found \"{}\", expected {}.", config.file(), key, activation, fmt::join(known, " or "));
  }
  config.only<double>("attention_dropout", 0.0);
  config.only<double>("partial_rotary_factor", 1.0);
  config.only<bool>("use_bidirectional_attention", false);
  for (const char* softcap : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (config.has(softcap))
      throw InputError("{}: field {}: found {}, which is not supported; expected null.", config.file(), softcap,
                       shown(config.json()[softcap]));
  }
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
  const int64_t attention = hidden_size * (2 * q + 2 * kv) + (qkv_bias ? q + 2 * kv : 0) + (output_bias ? hidden_size : 0);
  const int64_t mlp = 3 * hidden_size * intermediate_size + (mlp_bias ? 2 * intermediate_size + hidden_size : 0);
  const int64_t norms = (output_norms ? 4 : 2) * hidden_size + (head_norms ? 2 * head_dim : 0);
  const int64_t embeddings = vocab_size * hidden_size * (tied_embeddings ? 1 : 2);
  return embeddings + layers * (attention + mlp + norms) + hidden_size;
}

Json ModelSpec::to_json() const {
  const auto rope_json = [](const RopeSpec& r) { return Json{{"type", r.type}, {"theta", r.theta}, {"factor", r.factor}}; };
  Json json{{"model_type", model_type},
            {"layers", layers},
            {"hidden_size", hidden_size},
            {"intermediate_size", intermediate_size},
            {"heads", heads},
            {"kv_heads", kv_heads},
            {"head_dim", head_dim},
            {"vocab_size", vocab_size},
            {"max_positions", max_positions},
            {"activation", activation == ops::Activation::silu ? "silu" : "gelu_tanh"},
            {"attention_scale", attention_scale},
            {"tied_embeddings", tied_embeddings},
            {"qkv_bias", qkv_bias},
            {"output_bias", output_bias},
            {"mlp_bias", mlp_bias},
            {"norm_offset", norm_offset},
            {"head_norms", head_norms},
            {"output_norms", output_norms},
            {"rope", rope_json(rope)}};
  if (window_rope) json["window_rope"] = rope_json(*window_rope);
  const bool alike = std::adjacent_find(windows.begin(), windows.end(), std::not_equal_to<>()) == windows.end();
  json["windows"] = alike && !windows.empty() ? Json(windows.front()) : Json(windows);
  json["parameters"] = parameters();
  return json;
}

ModelSpec read_model_spec(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected a checkpoint folder.", folder.string());
  const Config outer(folder / "config.json");
  const Config given = decoder_config(outer);
  const Family& family = find_family(given.get<std::string>("model_type"), given.file());
  ModelSpec spec;
  static_cast<FamilySwitches&>(spec) = family.switches;
  spec.model_type = family.model_type;
  const Config config = given.with_defaults(parse_json(family.defaults, "the family's defaults"));
  refuse_unsupported(config, family);
  spec.vocab_size = config.size("vocab_size", most_vocabulary);
  spec.hidden_size = config.size("hidden_size", most_hidden);
  spec.intermediate_size = config.size("intermediate_size", most_intermediate);
  spec.layers = config.size("num_hidden_layers", most_layers);
  spec.heads = config.size("num_attention_heads", most_heads);
  spec.kv_heads = config.size("num_key_value_heads", spec.heads, most_heads);
  spec.head_dim = config.size("head_dim", std::max<int64_t>(1, spec.hidden_size / spec.heads), most_head_dim);
  spec.max_positions = config.size("max_position_embeddings", 2048, most_positions);
  spec.rms_norm_eps = config.factor("rms_norm_eps", spec.rms_norm_eps);
  spec.initializer_range = config.factor("initializer_range", spec.initializer_range);
  spec.attention_scale = 1 / std::sqrt(config.factor("query_pre_attn_scalar", static_cast<double>(spec.head_dim)));
  spec.tied_embeddings = config.get<bool>("tie_word_embeddings", false);
  spec.output_bias = config.get<bool>("attention_bias", false);
  spec.qkv_bias = spec.qkv_bias || spec.output_bias;
  spec.mlp_bias = config.get<bool>("mlp_bias", false);
  read_ropes(config, spec);
  spec.windows = read_windows(config, spec.layers);
  const auto holder = [&](const char* key) -> const Config& { return outer.has(key) ? outer : config; };
  spec.bos = read_token_id(holder("bos_token_id"), "bos_token_id");
  spec.pad = read_token_id(holder("pad_token_id"), "pad_token_id");
  spec.eos = read_token_ids(holder("eos_token_id"), "eos_token_id");
  spec.stored_dtype = outer.get<std::string>("dtype", outer.get<std::string>("torch_dtype", "float32"));
  check_heads(spec, config.file());
  read_generation_config(generation_config_file(folder), spec);
  return spec;
}

}  // namespace hyplora

// config.json -> architecture: the published models' sizes, and what is refused.
#include "model/spec.h"

#include "io/files.h"
#include "model/load.h"
#include "model/meta.h"
#include "support/support.h"

namespace hyplora {
namespace {

ModelSpec spec_of(const Json& config) {
  const test::TempFolder folder;
  write_file(folder / "config.json", config.dump());
  return read_model_spec(folder.path());
}

const Json llama3_8b{{"model_type", "llama"},      {"vocab_size", 128256},    {"hidden_size", 4096},
                     {"intermediate_size", 14336}, {"num_hidden_layers", 32}, {"num_attention_heads", 32},
                     {"num_key_value_heads", 8},   {"rope_theta", 500000.0},  {"tie_word_embeddings", false}};
const Json qwen25_7b{{"model_type", "qwen2"},       {"vocab_size", 152064},        {"hidden_size", 3584},
                     {"intermediate_size", 18944},  {"num_hidden_layers", 28},     {"num_attention_heads", 28},
                     {"num_key_value_heads", 4},    {"max_window_layers", 28},     {"sliding_window", 131072},
                     {"use_sliding_window", false}, {"tie_word_embeddings", false}};
const Json gemma_7b{{"model_type", "gemma"},      {"vocab_size", 256000},    {"hidden_size", 3072},
                    {"intermediate_size", 24576}, {"num_hidden_layers", 28}, {"num_attention_heads", 16},
                    {"num_key_value_heads", 16},  {"head_dim", 256},         {"hidden_act", "gelu"}};
const Json gemma3_4b{{"model_type", "gemma3"},
                     {"text_config",
                      {{"hidden_size", 2560},
                       {"intermediate_size", 10240},
                       {"model_type", "gemma3_text"},
                       {"num_hidden_layers", 34},
                       {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}},
                       {"sliding_window", 1024}}}};

TEST_CASE("The paper's models have the parameters that their publishers count", "[model]") {
  const std::vector<std::pair<Json, int64_t>> published{
      {llama3_8b, 8030261248}, {qwen25_7b, 7615616512}, {gemma_7b, 8537680896}, {gemma3_4b, 3880263168}};
  for (const auto& [config, parameters] : published) {
    const ModelSpec spec = spec_of(config);
    INFO(spec.model_type);
    CHECK(spec.parameters() == parameters);
    int64_t built = 0;
    for (const auto& [name, weight] : shape_only(spec, false).named_weights()) built += weight.numel();
    CHECK(built == parameters);
  }
}

TEST_CASE("Gemma 3 lays five layers with a window before one without, each kind with its own rotary base", "[model]") {
  const ModelSpec spec = spec_of(gemma3_4b);
  CHECK(std::vector<int64_t>(spec.windows.begin(), spec.windows.begin() + 7) ==
        std::vector<int64_t>{1024, 1024, 1024, 1024, 1024, 0, 1024});
  CHECK(spec.rope.theta == 1e6);
  CHECK(spec.rope.factor == 8);
  REQUIRE(spec.window_rope);
  CHECK(spec.window_rope->theta == 1e4);
  CHECK(spec.window_rope->factor == 1);
  CHECK(spec.attention_scale == Approx(1.0 / 16));
}

TEST_CASE("Windows follow each family's fields", "[model]") {
  const auto with = [](Json config, const char* key, const Json& value) {
    config[key] = value;
    return config;
  };
  CHECK(spec_of(qwen25_7b).windows == std::vector<int64_t>(28, 0));
  const auto windowed =
      spec_of(with(with(with(qwen25_7b, "use_sliding_window", true), "max_window_layers", 27), "sliding_window", 9)).windows;
  CHECK(windowed[26] == 0);
  CHECK(windowed[27] == 9);
  const Json mistral = with(llama3_8b, "model_type", "mistral");
  CHECK(spec_of(mistral).windows == std::vector<int64_t>(32, 4096));
  CHECK(spec_of(with(mistral, "sliding_window", nullptr)).windows == std::vector<int64_t>(32, 0));
}

TEST_CASE("What config.json asks for and is not computed is refused by the field's name", "[model]") {
  const auto refusal = [](Json config, const char* key, const Json& value) {
    config[key] = value;
    return test::input_error([&] { spec_of(config); });
  };
  CHECK_THAT(refusal(llama3_8b, "model_type", "mamba"), test::Contains("model_type: found \"mamba\""));
  CHECK_THAT(refusal(llama3_8b, "hidden_act", "relu"), test::Contains("hidden_act: found \"relu\""));
  CHECK_THAT(refusal(qwen25_7b, "rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}),
             test::Contains("rope_type: found \"yarn\""));
  CHECK_THAT(refusal(gemma_7b, "final_logit_softcapping", 30.0), test::Contains("final_logit_softcapping: found 30.0"));
  CHECK_THAT(refusal(gemma_7b, "use_bidirectional_attention", true), test::Contains("use_bidirectional_attention"));
  CHECK_THAT(refusal(llama3_8b, "quantization_config", Json::object()), test::Contains("quantization_config"));
  CHECK_THAT(refusal(llama3_8b, "num_attention_heads", 30), test::Contains("num_attention_heads"));
  CHECK_THAT(refusal(llama3_8b, "hidden_size", "4096"), test::Contains("hidden_size"));
  Json mistral = llama3_8b;
  mistral["model_type"] = "mistral";
  CHECK_THAT(refusal(mistral, "layer_types", {"full_attention", "chunked_attention"}), test::Contains("layer_types: layer 1"));
  CHECK_THAT(refusal(gemma3_4b, "text_config", 3), test::Contains("text_config"));
}

TEST_CASE("Gemma 3 is refused in float16, with the reason", "[model]") {
  CHECK_THAT(test::input_error([] { check_dtype(spec_of(gemma3_4b), at::kHalf); }),
             test::Contains("whose range its activations leave"));
  check_dtype(spec_of(gemma_7b), at::kHalf);
  check_dtype(spec_of(gemma3_4b), at::kBFloat16);
}

}  // namespace
}  // namespace hyplora

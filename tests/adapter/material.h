// What the tests of adapters share: every kind, an adapter away from its start, a checkpoint folder, rows.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include "adapter/adapter.h"
#include "data/examples.h"
#include "support/support.h"

namespace hyplora::test {

/// The rows of the table of kinds and variants, but "full", which is no adapter.
inline std::vector<AdapterOptions> all_kinds() {
  std::vector<AdapterOptions> all;
  for (const auto& kind : adapter_kinds()) {
    AdapterOptions options;
    options.adapter = kind;
    options.lora_r = 4;
    options.lora_alpha = 8;
    options.lora_dropout = 0;
    options.curvature = 1;
    options.bottleneck_size = 6;
    options.num_virtual_tokens = 3;
    if (kind == "full") continue;
    for (const auto& variant : kind == "hyplora" ? hyplora_variants() : std::vector<std::string>{"lorentz"}) {
      options.hyplora_variant = variant;
      all.push_back(options);
    }
  }
  return all;
}

/// One of them.
inline AdapterOptions kind(const std::string& adapter, const std::string& variant = "lorentz") {
  for (auto& options : all_kinds()) {
    if (options.adapter == adapter && options.hyplora_variant == variant) return options;
  }
  FAIL("no such kind: " << adapter << " " << variant);
  return {};
}

/// Takes an adapter away from its start, where what comes last is zero; the same for the same shapes.
inline void make_B_random(const Adapters& adapters, double deviation = 0.3, uint64_t seed = 1) {
  const at::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (const auto& parameter : adapters.trained()) {
    const bool last = parameter.name.ends_with("lora_B.weight") || parameter.name.ends_with("adapter_up.weight");
    if (last) parameter.value.normal_(0, deviation, generator);
  }
}

/// A trained adapter's folder; the model that it belongs to is small_model(1).
inline void write_adapter_folder(const fs::path& folder, const AdapterOptions& options, double deviation = 0.3,
                                 uint64_t seed = 1) {
  Transformer model = small_model(1);
  const Adapters adapters = Adapters::attach(model, options, 7);
  make_B_random(adapters, deviation, seed);
  fs::create_directories(folder);
  adapters.save(folder, "base");
}

/// config.json of small_spec.
inline void write_base_config(const fs::path& folder) {
  fs::create_directories(folder);
  write_file(
      folder / "config.json",
      R"({"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"eos_token_id":2,
         "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"max_position_embeddings":128,"rms_norm_eps":1e-6})");
}

/// small_model(1) as a checkpoint.
inline void write_base(const fs::path& folder) {
  write_base_config(folder);
  write_safetensors(folder / "model.safetensors", small_model(1).named_weights());
}

/// Rows of random ids, all supervised.
inline std::vector<Example> some_rows(int64_t rows, int64_t length = 12) {
  std::vector<Example> all;
  uint32_t state = 12345;
  for (int64_t i = 0; i < rows; ++i) {
    Example row;
    for (int64_t t = 0; t < length; ++t) {
      state = state * 1664525u + 1013904223u;
      row.ids.push_back((state >> 16) % 64);
    }
    row.labels = row.ids;
    all.push_back(row);
  }
  return all;
}

}  // namespace hyplora::test

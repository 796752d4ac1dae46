#include "support/training_place.h"

#include "train/metrics.h"

namespace hyplora::test {
namespace {

/// A byte-level tokenizer of a few tokens; the small model has room for them.
constexpr const char* few_tokens = R"({
  "added_tokens": [{"id": 9, "content": "<|end|>", "special": true, "normalized": false},
                   {"id": 10, "content": "<w>", "special": false, "normalized": false, "single_word": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "c": 5, "d": 6, "cd": 7, "bb": 8},
            "merges": ["a b", ["Ġ", "ab"], "c d", "b b"]}
})";

const char* const weight_files[] = {"adapter_model.safetensors", "model.safetensors", "optimizer.safetensors"};

/// Lines without what tells times and memory.
std::vector<Json> lasting(std::vector<Json> lines) {
  for (Json& line : lines) {
    for (const char* key : {"step_seconds", "tokens_per_second", "peak_memory_bytes", "seconds"}) line.erase(key);
  }
  return lines;
}

void check_same_weights(const fs::path& whole, const fs::path& parts) {
  int found = 0;
  for (const char* name : weight_files) {
    if (!fs::exists(whole / name)) continue;
    INFO(name);
    CHECK(read_file(whole / name) == read_file(parts / name));
    ++found;
  }
  CHECK(found > 0);
}

}  // namespace

TrainingPlace::TrainingPlace() {
  fs::create_directory(folder_ / "base");
  write_file(
      at("base/config.json"),
      R"({"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"eos_token_id":2,
                   "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"max_position_embeddings":128,"rms_norm_eps":1e-6})");
  write_safetensors(at("base/model.safetensors"), small_model(3).named_weights());
  write_rows(40, 5);
}

void TrainingPlace::write_rows(int count, int length) const {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    Json ids = Json::array();
    for (int t = 0; t < length + i % 7; ++t) ids.push_back((i + 3 * t) % 60 + 3);
    rows += Json{{"input_ids", ids}}.dump() + "\n";
  }
  write_file(at("rows.jsonl"), rows);
}

void TrainingPlace::write_text(int count) const {
  const char* const words[] = {"ab", "bb", "cd", "abab", "dab"};
  std::string rows;
  for (int i = 0; i < count; ++i) {
    std::string output = words[i % 5];
    for (int t = 0; t < i % 7; ++t) output += std::string(" ") + words[(i + t) % 5];
    rows += Json{{"instruction", fmt::format("{} {}", words[i % 3], words[i % 4])}, {"output", output}}.dump() + "\n";
  }
  write_file(at("text.jsonl"), rows);
  write_file(at("base/tokenizer.json"), few_tokens);
}

std::vector<std::string> TrainingPlace::arguments(const std::string& out, const Json& changes,
                                                  const std::vector<std::string>& more) const {
  Json config{{"base_model", at("base")}, {"data_path", at("rows.jsonl")},
              {"output_dir", at(out)},    {"lora_r", 4},
              {"lora_dropout", 0.1},      {"batch_size", 4},
              {"micro_batch_size", 2},    {"num_epochs", 3},
              {"warmup_steps", 2},        {"learning_rate", 0.01},
              {"val_set_size", 8},        {"eval_step", 5},
              {"save_step", 3},           {"save_total_limit", 2}};
  config.update(changes);
  write_file(at(out + ".json"), config.dump());
  std::vector<std::string> words{"--config", at(out + ".json"), "--threads", "1", "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

int TrainingPlace::run(const std::string& out, const Json& changes, const LaunchOptions& options) const {
  return Launch("hyplora-train", arguments(out, changes), options).wait();
}

std::vector<Json> TrainingPlace::metrics(const std::string& out) const { return read_metrics(at(out + "/metrics.jsonl")); }

size_t TrainingPlace::launches(const std::string& out) const { return read_metrics(at(out + "/launches.jsonl")).size(); }

void TrainingPlace::check_same(const std::string& whole, const std::string& parts) const {
  INFO(parts);
  check_same_weights(at(whole), at(parts));
  CHECK(lasting(metrics(whole)) == lasting(metrics(parts)));
  for (const auto& entry : fs::recursive_directory_iterator(at(parts))) {
    INFO(entry.path().string());
    CHECK_FALSE(entry.path().string().ends_with(".partial"));
  }
}

void TrainingPlace::check_same_checkpoint(const std::string& whole, const std::string& parts, int64_t step) const {
  const std::string name = fmt::format("/checkpoint-{}", step);
  INFO(parts << name);
  REQUIRE(fs::exists(at(parts + name) + "/COMPLETE"));
  check_same_weights(at(whole + name), at(parts + name));
}

LaunchOptions fault(const std::string& text) {
  return {
      {{"LD_PRELOAD", faults_library()}, {"HYPLORA_FAULT", text}, {"ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0"}},
      0,
      false};
}

void check_one_sentence(const std::string& errors, const std::string& part) {
  INFO("stderr: " << errors);
  CHECK(errors.starts_with("error: "));
  CHECK_THAT(errors, test::Contains(part));
  CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

}  // namespace hyplora::test

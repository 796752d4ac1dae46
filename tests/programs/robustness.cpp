// Programs under hardship: streams that are closed or full, memory and threads that cannot be had, files that are pipes, shrink or are
// too deep, outputs that are inputs.
#include <sys/stat.h>

#include "adapter/material.h"
#include "programs/sentences.h"
#include "support/launch.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::Contains;
using test::Launch;
using test::Ran;
using test::run;

using Words = std::vector<std::string>;

const std::string bundled = test::in_source("data/model").string();
const std::string problems = test::in_source("data/word_problems.json").string();

/// `command` by the shell, in which $bin is the programs' folder.
Ran shell(const std::string& command, const std::string& input = "") {
  return run("/bin/sh", {"-c", "bin=\"" + test::programs().string() + "\"; " + command}, input);
}

/// A small base, tokenised rows and a config that trains two steps.
class Place {
 public:
  Place() {
    test::write_base(folder_ / "base");
    std::string rows;
    for (const auto& row : test::some_rows(8)) rows += Json{{"input_ids", row.ids}}.dump() + "\n";
    write_file(folder_ / "rows.jsonl", rows);
    set(Json::object());
  }
  void set(const Json& changes) const {
    Json config{{"base_model", at("base")}, {"data_path", at("rows.jsonl")}, {"output_dir", at("out")}, {"val_set_size", 0},
                {"batch_size", 2},          {"micro_batch_size", 2},         {"max_steps", 2},          {"lora_r", 4}};
    config.update(changes);
    write_file(folder_ / "c.json", config.dump());
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Ran train(Words more = {}) const {
    more.insert(more.begin(), {"--config", at("c.json"), "--quiet"});
    return run("hyplora-train", more);
  }
  Ran eval(const Words& more) const {
    Words words{"--model", at("base"), "--data", at("rows.jsonl"), "--benchmark", "loss", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run("hyplora-eval", words);
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("Results that do not arrive on standard output are a failure in every program", "[programs]") {
  const Place place;
  for (const std::string& command :
       {"$bin/hyplora-tokenize --model " + bundled, std::string("$bin/hyplora-train --help"),
        std::string("$bin/hyplora-eval --version"), std::string("$bin/hyplora-generate --print-schema"),
        "$bin/hyplora-train --dry-run --config " + place.at("c.json"),
        "$bin/hyplora-eval --quiet --benchmark loss --model " + place.at("base") + " --data " + place.at("rows.jsonl"),
        "$bin/hyplora-data " + problems, std::string("$bin/hyplora-adapter --help")}) {
    INFO(command);
    check_sentence(shell(command + " >/dev/full", "a text\n"), 1, "standard output: cannot be written");
  }
}

TEST_CASE("Descriptors that are closed at the start take nothing of what is written", "[programs]") {
  const Place place;
  const std::string train = "$bin/hyplora-train --config " + place.at("c.json");
  CHECK(shell(train + " 2>&-").status == 0);
  CHECK(shell(train + " --set resume_from_checkpoint=never >&- 2>&- <&-").status == 0);
  const std::string metrics = read_file(place.at("out/metrics.jsonl"));
  for (size_t begin = 0; begin < metrics.size(); begin = metrics.find('\n', begin) + 1) CHECK(metrics[begin] == '{');
}

TEST_CASE("An output that is an input is refused before anything is done", "[programs]") {
  const Place place;
  fs::copy(problems, place.at("gsm8k.json"));
  const std::string before = read_file(place.at("gsm8k.json"));
  const Words eval{"--model", bundled, "--data", place.at("gsm8k.json"), "--limit", "2", "--max-new-tokens", "2", "--output"};
  const auto with = [](Words words, const std::string& more) {
    words.push_back(more);
    return words;
  };
  check_sentence(run("hyplora-eval", with(eval, place.at("base/.."))), 2, "gsm8k.json: is to be written");
  const std::string raw = place.at("gsm8k.json");
  check_sentence(run("hyplora-data", {raw, "--output", place.at("base/../gsm8k.json")}), 2, "is to be written");
  check_sentence(run("hyplora-data", {raw, "--report", raw}), 2, "is to be written");
  check_sentence(run("hyplora-data", {problems, "--exclude", raw, "--output", raw}), 2, "is to be written");
  check_sentence(run("hyplora-data", {raw, "--output", place.at("o.json"), "--report", place.at("o.json")}), 2,
                 "written twice");
  CHECK(read_file(raw) == before);
  check_sentence(place.train({"--set", "output_dir=" + place.at("base")}), 2, "output_dir: is the folder of base_model");
  fs::create_directory(place.at("out"));
  fs::rename(place.at("rows.jsonl"), place.at("out/metrics.jsonl"));
  check_sentence(place.train({"--set", "data_path=" + place.at("out/metrics.jsonl")}), 2, "metrics.jsonl: is to be written");
}

TEST_CASE("Two evaluations do not write into one folder at a time", "[programs]") {
  const Place place;
  const Launch first("hyplora-eval",
                     {"--model", bundled, "--data", problems, "--output", place.at("out"), "--batch-size", "1"});
  REQUIRE(test::holds_within(60, [&] { return fs::exists(place.at("out/word_problems.progress.jsonl")); }));
  check_sentence(place.eval({"--output", place.at("out")}), 2, "another run (process ");
  first.signal(SIGTERM);
}

TEST_CASE("An adapter's folder may have any name, and nothing is written outside of the output", "[programs]") {
  const Place place;
  test::write_adapter_folder(place.at("runs/results.json"), test::kind("lora"));
  const Ran ran = place.eval(
      {"--adapter", place.at("runs/results.json/../results.json/."), "--adapter", "none", "--output", place.at("out/e")});
  INFO(ran.err);
  CHECK(ran.status == 0);
  CHECK(fs::is_regular_file(place.at("out/e/results.json")));
  std::vector<std::string> beside;
  for (const auto& entry : fs::directory_iterator(place.at("out"))) beside.push_back(entry.path().filename());
  CHECK(beside == std::vector<std::string>{"e"});
}

TEST_CASE("What is read once may come out of a pipe; what is mapped may not", "[programs]") {
  const Place place;
  const std::string rows = read_file(place.at("rows.jsonl")), config = read_file(place.at("c.json"));
  CHECK(shell("$bin/hyplora-train --quiet --config /dev/stdin", config).status == 0);
  CHECK(place.train({"--set", "output_dir=" + place.at("two")}).status == 0);
  const Ran piped = shell("cat | $bin/hyplora-train --quiet --config " + place.at("c.json") +
                              " --set data_path=/dev/stdin --set output_dir=" + place.at("three"),
                          rows);
  INFO(piped.err);
  CHECK(piped.status == 0);
  CHECK(read_file(place.at("two/adapter_model.safetensors")) == read_file(place.at("three/adapter_model.safetensors")));
  CHECK(shell("cat | $bin/hyplora-eval --quiet --benchmark loss --data /dev/stdin --model " + place.at("base"), rows).status ==
        0);
  check_sentence(shell("cat | $bin/hyplora-eval --benchmark loss --data /dev/stdin --output " + place.at("e") + " --model " +
                           place.at("base"),
                       rows),
                 2, "is a pipe");
  REQUIRE(::mkfifo(place.at("pipe").c_str(), 0600) == 0);
  fs::remove(place.at("base/model.safetensors"));
  fs::create_symlink(place.at("pipe"), place.at("base/model.safetensors"));
  check_sentence(place.train({"--set", "output_dir=" + place.at("four")}), 2, "found a pipe or a device");
}

TEST_CASE("A program that waits for a pipe hears signals", "[programs]") {
  const Place place;
  REQUIRE(::mkfifo(place.at("pipe").c_str(), 0600) == 0);
  Launch waits("hyplora-train", {"--config", place.at("c.json"), "--set", "data_path=" + place.at("pipe")});
  REQUIRE(test::holds_within(60, [&] { return waits.catches(SIGTERM); }));
  waits.signal(SIGTERM);
  REQUIRE(waits.ends_within(60));
  CHECK(waits.wait() == 75);
}

#ifndef HYPLORA_SANITIZED  // whose shadow takes more addresses than may be had here
TEST_CASE("Memory that cannot be had is one sentence in every program", "[programs]") {
  const test::TempFolder folder;
  // Sparse: 1.2 GB of zeros as bfloat16, which twice as many bytes of float32 are to be made of.
  Json config = read_json(bundled + "/config.json");
  config["vocab_size"] = 300'000;
  config["hidden_size"] = 2048;
  config["intermediate_size"] = 64;
  config["num_hidden_layers"] = 1;
  config["num_attention_heads"] = 1;
  config["num_key_value_heads"] = 1;
  config["head_dim"] = 64;
  config["tie_word_embeddings"] = true;
  config.erase("rope_scaling");
  write_file(folder / "config.json", config.dump());
  const std::vector<std::pair<std::string, std::vector<int64_t>>> tensors{
      {"model.embed_tokens.weight", {300'000, 2048}},
      {"model.layers.0.input_layernorm.weight", {2048}},
      {"model.layers.0.mlp.down_proj.weight", {2048, 64}},
      {"model.layers.0.mlp.gate_proj.weight", {64, 2048}},
      {"model.layers.0.mlp.up_proj.weight", {64, 2048}},
      {"model.layers.0.post_attention_layernorm.weight", {2048}},
      {"model.layers.0.self_attn.k_proj.weight", {64, 2048}},
      {"model.layers.0.self_attn.o_proj.weight", {2048, 64}},
      {"model.layers.0.self_attn.q_proj.weight", {64, 2048}},
      {"model.layers.0.self_attn.v_proj.weight", {64, 2048}},
      {"model.norm.weight", {2048}}};
  Json header = Json::object();
  uint64_t end = 0;
  for (const auto& [name, shape] : tensors) {
    uint64_t bytes = 2;
    for (const int64_t size : shape) bytes *= static_cast<uint64_t>(size);
    header[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {end, end + bytes}}};
    end += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t size = text.size();
  write_file(folder / "model.safetensors", std::string(reinterpret_cast<const char*>(&size), 8) + text);
  fs::resize_file(folder / "model.safetensors", 8 + size + end);
  write_file(folder / "rows.jsonl", "{\"input_ids\":[3,4,5,6]}\n{\"input_ids\":[3,4,5,6]}\n");
  write_file(folder / "ids.jsonl", "[3,4,5]\n");
  write_file(folder / "large.json", "[");
  fs::resize_file(folder / "large.json", 4'000'000'000);  // sparse, too
  for (const char* name : {"tokenizer.model", "tokenizer_config.json"})
    fs::copy_file(bundled + ("/" + std::string(name)), folder / name);
  write_file(folder / "c.json", Json{{"base_model", folder.path().string()},
                                     {"data_path", (folder / "rows.jsonl").string()},
                                     {"output_dir", (folder / "out").string()},
                                     {"val_set_size", 0},
                                     {"batch_size", 1},
                                     {"micro_batch_size", 1}}
                                    .dump());
  const std::string model = " --threads 1 --quiet --model " + folder.path().string(), limit = "ulimit -v 3000000; exec $bin/";
  for (const std::string& command : {"hyplora-train --threads 1 --quiet --config " + (folder / "c.json").string(),
                                     "hyplora-eval --benchmark loss --data " + (folder / "rows.jsonl").string() + model,
                                     "hyplora-generate --output-ids --ids " + (folder / "ids.jsonl").string() + model,
                                     "hyplora-generate --prompt 2 " + model,  // sentencepiece is loaded first
                                     "hyplora-data --quiet " + (folder / "large.json").string(),
                                     "hyplora-adapter linearize --adapter none --output " + (folder / "lora").string() +
                                         " --data " + (folder / "large.json").string() + model,
                                     "hyplora-tokenize --file " + (folder / "large.json").string() + model}) {
    INFO(command);
    check_sentence(shell(limit + command), 1, "out of memory");
  }
}
#endif

TEST_CASE("Threads that may not be made are one sentence", "[programs]") {
  if (::geteuid() != 0) return;  // the limit counts all processes of a user: it is set for one who has none
  const Place place;
  fs::permissions(fs::path(place.at("base")).parent_path(), fs::perms::all);
  const Ran ran = run("/bin/sh", {"-c", "exec setpriv --reuid 54321 --regid 54321 --clear-groups prlimit --nproc=2 " +
                                            test::programs().string() + "/hyplora-eval --threads 8 --benchmark loss --data " +
                                            place.at("rows.jsonl") + " --model " + place.at("base")});
  check_sentence(ran, 1, "threads: only ");
}

TEST_CASE("A checkpoint that is shortened while it is read ends the program with its name", "[programs]") {
  const Place place;
  REQUIRE(::mkfifo(place.at("pipe").c_str(), 0600) == 0);
  // The first rows come out of a pipe when the checkpoint's header was read and is being held.
  Launch reads("hyplora-train",
               {"--config", place.at("c.json"), "--set", "data_path=" + place.at("pipe"), "--set", "dtype=float32"});
  REQUIRE(test::holds_within(60, [&] { return reads.catches(SIGTERM); }));
  const std::string file = place.at("base/model.safetensors");
  const std::string rows = read_file(place.at("rows.jsonl"));
  CHECK(shell("timeout 60 cat " + place.at("rows.jsonl") + " > " + place.at("pipe") + " && : > " + file).status == 0);
  REQUIRE(reads.ends_within(60));
  const int status = reads.wait();
  INFO(reads.errors());
  CHECK((status == 1 || status == 2 || status == 0));  // shortened before, while or after it was read
  if (status == 1) CHECK_THAT(reads.errors(), Contains("model.safetensors: was shortened"));
}

TEST_CASE("Files nested a hundred thousand deep are refused by every reader", "[programs]") {
  const Place place;
  const auto cases = test::shared("cases/robustness");
  if (!cases) return;
  const auto deep = [&](const std::string& name) { return (*cases / name).string(); };
  check_sentence(run("hyplora-train", {"--config", deep("deep_config.json"), "--print-config"}), 2, "more than 100 levels");
  for (const char* rows : {"deep_chat_row.jsonl", "deep_csqa_row.jsonl"}) {
    check_sentence(run("hyplora-data", {deep(rows), "--strict"}), 2, "more than 100 levels");
    check_sentence(place.train({"--set", "data_path=" + deep(rows)}), 2, "more than 100 levels");
  }
  check_sentence(run("hyplora-eval", {"--compare", deep("deep_records.json"), deep("deep_records.json")}), 2,
                 "more than 100 levels");
  for (const char* weights : {"deep_dtype.safetensors", "deep_shape.safetensors"}) {
    fs::copy(deep(weights), place.at("base/model.safetensors"), fs::copy_options::overwrite_existing);
    check_sentence(place.train(), 2, "more than 100 levels");
  }
  fs::remove(place.at("base/model.safetensors"));
  fs::copy(deep("deep_weight_map.index.json"), place.at("base/model.safetensors.index.json"));
  check_sentence(place.train(), 2, "more than 100 levels");
}

TEST_CASE("What a user calls files is shown, in sentences, logs, tables and the model card", "[programs]") {
  const Place place;
  const std::string odd = place.at("r\x1b[31m|`x`\xe2\x80\xae\xff.jsonl");
  fs::copy(place.at("rows.jsonl"), odd);
  const auto is_shown = [](const std::string& text) {
    return text.find('\x1b') == text.npos && text.find("\xe2\x80\xae") == text.npos && text.find('\xff') == text.npos;
  };
  const Ran trained = run("hyplora-train", {"--config", place.at("c.json"), "--data-path", odd});
  INFO(trained.err);
  CHECK(trained.status == 0);
  CHECK(is_shown(trained.err));
  const std::string card = read_file(place.at("out/README.md"));
  CHECK(is_shown(card));
  CHECK_THAT(card, Contains("\\|\\`x\\`"));
  const Ran scored = run("hyplora-eval", {"--model", place.at("base"), "--benchmark", "loss", "--data", odd});
  INFO(scored.err);
  CHECK(scored.status == 0);
  CHECK(is_shown(scored.out + scored.err));
  fs::remove(odd);
  const Ran missing = place.train({"--data-path", odd});
  check_sentence(missing, 2, "r\\x1b[31m|`x`\\u202e\\xff.jsonl: cannot be read");
}

TEST_CASE("What files say is shown, not sent to the terminal", "[programs]") {
  const auto file = test::shared("cases/robustness/adapter_config_escapes.json");
  if (!file) return;
  const Place place;
  test::write_adapter_folder(place.at("adapter"), test::kind("lora"));
  fs::copy(*file, place.at("adapter/adapter_config.json"), fs::copy_options::overwrite_existing);
  fs::remove(place.at("adapter/hyplora.json"));
  const Ran ran = run("hyplora-adapter", {"inspect", place.at("adapter")});
  CHECK((ran.status == 0 || ran.status == 2));
  CHECK((ran.out + ran.err).find('\x1b') == std::string::npos);
}

TEST_CASE("An adapter_config.json of a huge rank is compared with its file before memory is asked for", "[programs]") {
  const auto file = test::shared("cases/robustness/adapter_config_r_1e8.json");
  if (!file) return;
  const Place place;
  test::write_adapter_folder(place.at("adapter"), test::kind("lora"));
  fs::copy(*file, place.at("adapter/adapter_config.json"), fs::copy_options::overwrite_existing);
  fs::remove(place.at("adapter/hyplora.json"));
  for (const Words& words : {Words{"inspect", place.at("adapter"), "--model", place.at("base")}}) {
    const Ran ran = run("hyplora-adapter", words);
    INFO(ran.out << ran.err);
    CHECK(ran.status <= 2);
  }
  check_sentence(place.eval({"--adapter", place.at("adapter")}), 2, "adapter_config.json");
}

}  // namespace
}  // namespace hyplora

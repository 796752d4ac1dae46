// The programs as a user meets them: output, exit codes, one plain sentence for each kind of bad input. Everything runs on
// files that the tests make, so that each broken one can be made too.
#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "adapter/adapter.h"
#include "core/cpu_units.h"
#include "programs/sentences.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::Ran;
using test::run;

/// A folder with a model (no tokenizer), tokenised rows, and a config that trains in well under a second.
class Place {
 public:
  Place() {
    fs::create_directory(folder_ / "base");
    write_file(
        folder_ / "base/config.json",
        R"({"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"eos_token_id":2,
                   "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"max_position_embeddings":128,"rms_norm_eps":1e-6})");
    write_safetensors(folder_ / "base/model.safetensors", test::small_model(3).named_weights());
    write_file(folder_ / "rows.jsonl", R"({"input_ids":[3,4,5,6,7,8]})"
                                       "\n"
                                       R"({"input_ids":[9,10,11,12]})"
                                       "\n");
    set(Json::object());
  }

  /// Rewrites the config with other values.
  void set(const Json& changes) const {
    Json config{{"base_model", at("base")}, {"data_path", at("rows.jsonl")}, {"output_dir", at("out")}, {"val_set_size", 0},
                {"batch_size", 2},          {"micro_batch_size", 2},         {"max_steps", 2},          {"lora_r", 4}};
    config.update(changes);
    write_file(folder_ / "c.json", config.dump());
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Ran train(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--config", at("c.json")});
    return run("hyplora-train", more);
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("Every program tells its version and its options", "[programs]") {
  for (const char* program : {"hyplora-train", "hyplora-eval", "hyplora-generate", "hyplora-tokenize"}) {
    INFO(program);
    const Ran version = run(program, {"--version"}), help = run(program, {"--help"});
    CHECK(version.status == 0);
    CHECK(version.out.starts_with("hyplora "));
    CHECK(help.status == 0);
    CHECK_THAT(help.out, test::Contains("--device"));
    check_sentence(run(program, {"--no-such-option"}), 2, "See --help");
  }
}

TEST_CASE("A training run ends with 0, its result on stdout and its log on stderr", "[programs]") {
  const Place place;
  const Ran ran = place.train();
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(Json::parse(ran.out)["steps"] == 2);
  CHECK_THAT(ran.err, test::Contains("step 2/2"));
  CHECK(place.train({"--quiet"}).err.empty());
}

TEST_CASE("print-config, print-schema and dry-run print JSON and write nothing", "[programs]") {
  const Place place;
  const Json config = Json::parse(place.train({"--print-config", "--set", "learning_rate=1e-4"}).out);
  CHECK(config["learning_rate"] == 1e-4);
  CHECK(config["lora_alpha"] == 64);
  const Json schema = Json::parse(run("hyplora-train", {"--print-schema"}).out);
  CHECK(schema["learning_rate"]["default"] == 3e-4);
  CHECK(schema["base_model"]["required"] == true);
  const Json plan = Json::parse(place.train({"--dry-run"}).out);
  CHECK(plan["steps"] == 2);
  CHECK(plan["tokens_per_epoch"] == 10);
  CHECK(plan["trained_parameters"].get<int64_t>() > 0);
  CHECK(plan["predicted_peak_memory_bytes"].get<int64_t>() > 0);
  CHECK(plan["first_example"] == "3 4 5 6 7 8");
  REQUIRE(plan["first_examples"].size() == 2);
  CHECK(plan["first_examples"][0] == plan["first_example"]);
  CHECK_FALSE(plan.contains("first_example_ids"));
  const Json with_ids = Json::parse(place.train({"--dry-run-ids"}).out);
  CHECK(with_ids["first_example_ids"] == "3 4 5 6 7 8");
  CHECK(with_ids["first_example_labels"] == "3 4 5 6 7 8");
  CHECK_FALSE(fs::exists(place.at("out/metrics.jsonl")));
}

TEST_CASE("The resolved config can be run again", "[programs]") {
  const Place place;
  REQUIRE(place.train().status == 0);
  CHECK(run("hyplora-train", {"--config", place.at("out/config.resolved.json"), "--set", "output_dir=" + place.at("again")})
            .status == 0);
  CHECK(read_file(place.at("out/adapter_model.safetensors")) == read_file(place.at("again/adapter_model.safetensors")));
}

TEST_CASE("The doctor tells versions, devices and what a run would use", "[programs]") {
  const Ran ran = run("hyplora-train", {"--doctor", "--device", "cpu"});
  REQUIRE(ran.status == 0);
  const Json told = Json::parse(ran.out);
  CHECK(told["versions"]["hyplora"].is_string());
  CHECK(told["devices"][0]["name"] == "cpu");
  CHECK(told["devices"][0]["memory_bytes"].get<int64_t>() > 0);
  CHECK(told["cpu"]["threads"].get<int>() > 0);
  CHECK(told["used"]["device"].is_string());
}

TEST_CASE("The doctor tells the kernels and the bf16 units that a run uses, HYPLORA_WIDEN_BF16 heeded", "[programs]") {
  const auto told = [] { return Json::parse(run("hyplora-train", {"--doctor", "--device", "cpu"}).out)["cpu"]; };
  CHECK(told()["kernels"] == cpu_units_name(cpu_units()));
  CHECK(told()["bfloat16_in_hardware"] == has_bf16_units());
  ::setenv("HYPLORA_WIDEN_BF16", "1", 1);
  CHECK(told()["bfloat16_in_hardware"] == false);
  CHECK(told()["kernels"] != "avx512bf16");
  ::unsetenv("HYPLORA_WIDEN_BF16");
}

TEST_CASE("A bad config is one sentence and exit code 2", "[programs]") {
  const Place place;
  check_sentence(run("hyplora-train", {}), 2,
                 "--base-model is missing: Hugging Face checkpoint folder; it may also stand in a --config FILE");
  check_sentence(run("hyplora-train", {"--config", place.at("none.json")}), 2, "none.json: cannot be read");
  const auto with = [&](const Json& changes) {
    place.set(changes);
    return place.train();
  };
  check_sentence(with({{"learning_rat", 1}}), 2, "unknown key \"learning_rat\"; the nearest known key is \"learning_rate\"");
  check_sentence(with({{"lora_r", "four"}}), 2, "key \"lora_r\": found \"four\" (string), expected integer");
  check_sentence(with({{"adapter", "lorra"}}), 2, "expected one of hyplora, lora");
  check_sentence(with({{"target_modules", {"q_proj", "qq_proj"}}}), 2, "\"qq_proj\" matches no module");
  check_sentence(with({{"val_set_size", 2}}), 2, "val_set_size: found 2, expected less than the 2 rows");
  check_sentence(with({{"output_dir", "/proc/nowhere"}}), 2, "/proc/nowhere");
  check_sentence(with({{"output_dir", nullptr}}), 2, "key \"output_dir\": found null");
  check_sentence(with({{"resume_from_checkpoint", place.at("gone")}}), 2, "is not a complete checkpoint");
  write_file(place.at("c.json"), "{\"base_model\": ");
  check_sentence(place.train(), 2, "c.json: line 1");
  write_file(place.at("c.json"), "{}");
  check_sentence(place.train(), 2, "key \"base_model\" is missing");
}

TEST_CASE("A bad checkpoint folder is one sentence and exit code 2, and leaves earlier results", "[programs]") {
  const Place place;
  REQUIRE(place.train().status == 0);
  const std::string before = read_file(place.at("out/adapter_model.safetensors")), weights = place.at("base/model.safetensors");
  const std::string good_weights = read_file(weights), config = read_file(place.at("base/config.json"));
  place.set({{"resume_from_checkpoint", "never"}});
  const auto with_weights = [&](const std::string& bytes) {
    write_file(weights, bytes);
    return place.train();
  };
  check_sentence(with_weights(good_weights.substr(0, good_weights.size() - 7)), 2, "the file is truncated");
  check_sentence(with_weights(""), 2, "found 0 bytes");
  check_sentence(with_weights("<html>not found</html>"), 2, "the header claims");
  write_safetensors(weights, {{"model.embed_tokens.weight", at::Tensor(test::small_model(3).named_weights()[0].second)}});
  check_sentence(place.train(), 2, "tensor model.layers.0.input_layernorm.weight is missing");
  fs::remove(weights);
  check_sentence(place.train(), 2, "neither model.safetensors nor model.safetensors.index.json is there");
  write_file(weights, good_weights);
  const auto with_config = [&](const char* from, const char* to) {
    std::string changed = config;
    changed.replace(changed.find(from), std::strlen(from), to);
    write_file(place.at("base/config.json"), changed);
    return place.train();
  };
  check_sentence(with_config("\"llama\"", "\"mamba\""), 2, "model_type: found \"mamba\", expected one of: llama");
  check_sentence(with_config("\"hidden_size\":32", "\"hidden_size\":40"), 2, "expected [64, 40]");
  check_sentence(with_config("\"vocab_size\":64", "\"vocab_size\":-1"), 2,
                 "field vocab_size: found -1, expected 1 to 16777216");
  check_sentence(with_config("\"vocab_size\":64,", ""), 2, "field vocab_size is missing");
  check_sentence(with_config("\"head_dim\":8", "\"head_dim\":8,\"hidden_act\":\"relu\""), 2,
                 "field hidden_act: found \"relu\"");
  check_sentence(with_config("\"head_dim\":8", "\"head_dim\":8,\"rope_scaling\":{\"rope_type\":\"yarn\"}"), 2,
                 "rope_type: found \"yarn\"");
  check_sentence(with_config("\"head_dim\":8", "\"head_dim\":8,\"quantization_config\":{}"), 2, "quantization_config");
  check_sentence(with_config("{", "{{"), 2, "config.json: line 1");
  CHECK(read_file(place.at("out/adapter_model.safetensors")) == before);
}

TEST_CASE("Bad rows are one sentence with the row and exit code 2", "[programs]") {
  const Place place;
  const auto with_rows = [&](const std::string& rows) {
    write_file(place.at("rows.jsonl"), rows);
    return place.train();
  };
  check_sentence(with_rows(""), 2, "the file is empty");
  check_sentence(with_rows("[]"), 2, "found no rows");
  check_sentence(with_rows("{\"input_ids\":[3,4]}\n{\"input_ids\":[3,\n"), 2, "row 2: found text that is not JSON");
  check_sentence(with_rows("{\"input_ids\":[3,64]}"), 2, "row 1: found token id 64, expected 0 to 63");
  check_sentence(with_rows("{\"instruction\":\"a\"}"), 2, "row 1: key \"output\" is missing");
  check_sentence(with_rows("{\"instruction\":\"a\",\"output\":\"b\"}"), 2, "no tokenizer is there");
  check_sentence(with_rows("{\"input_ids\":[3,4],\"labels\":[-100,-100]}"), 2, "row 1: every label is masked");
  Json long_row{{"input_ids", std::vector<int>(129, 3)}};
  check_sentence(with_rows(long_row.dump()), 2, "row 1: it has 129 tokens, but the model's context is 128");
}

TEST_CASE("A non-finite weight is exit code 1 with step and module", "[programs]") {
  const Place place;
  NamedTensors weights = test::small_model(3).named_weights();
  weights[1].second.fill_(INFINITY);
  write_safetensors(place.at("base/model.safetensors"), weights);
  check_sentence(
      place.train(), 1,
      "step 1: the loss is not finite; the first non-finite value comes out of module model.layers.0.input_layernorm");
}

TEST_CASE("A stop signal saves and exits with 75; the same command goes on", "[programs]") {
  const Place place;
  place.set({{"max_steps", 100000}, {"save_step", 100000}, {"warmup_steps", 0}});
  const std::string program = (test::programs() / "hyplora-train").string();
  const std::string command =
      "timeout --preserve-status -s TERM 3 '" + program + "' --quiet --config '" + place.at("c.json") + "' 2>/dev/null";
  CHECK(WEXITSTATUS(std::system(command.c_str())) == 75);
  CHECK(fs::exists(place.at("out/latest/COMPLETE")));
}

TEST_CASE("Each module's K is set and told where a run begins; where it goes on, its checkpoint knows", "[programs]") {
  const Place place;
  CHECK_THAT(place.train().err, test::Contains("curvature \"auto\": K "));
  CHECK_THAT(place.train().err, !test::Contains("curvature \"auto\""));
}

TEST_CASE("Generated ids come one array a line, and stop at the end-of-sequence id", "[programs]") {
  const Place place;
  write_file(place.at("ids.jsonl"), "[3,4,5]\n[6]\n");
  const Ran ran = run("hyplora-generate", {"--model", place.at("base"), "--ids", place.at("ids.jsonl"), "--output-ids",
                                           "--max-new-tokens", "5", "--ignore-eos"});
  REQUIRE(ran.status == 0);
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 2);
  CHECK(Json::parse(ran.out.substr(0, ran.out.find('\n'))).size() == 5);
  check_sentence(run("hyplora-generate", {"--model", place.at("base")}), 2, "give either --prompt TEXT or --ids FILE");
  check_sentence(run("hyplora-generate", {"--model", place.at("gone"), "--prompt", "x"}), 2, "is not a folder");
  check_sentence(run("hyplora-generate", {"--model", place.at("base"), "--prompt", "x"}), 2, "no tokenizer is there");
  write_file(place.at("ids.jsonl"), "[3,\"a\"]\n");
  check_sentence(run("hyplora-generate", {"--model", place.at("base"), "--ids", place.at("ids.jsonl"), "--output-ids"}), 2,
                 "line 1: expected an array of token ids");
}

TEST_CASE("An adapter of another base is refused with shape and name", "[programs]") {
  const Place place;
  REQUIRE(place.train().status == 0);
  write_file(place.at("ids.jsonl"), "[3,4,5]\n");
  ModelSpec wider = test::small_spec();
  wider.hidden_size = 64;
  fs::create_directory(place.at("wide"));
  std::string config = read_file(place.at("base/config.json"));
  config.replace(config.find("\"hidden_size\":32"), 16, "\"hidden_size\":64");
  write_file(place.at("wide/config.json"), config);
  write_safetensors(place.at("wide/model.safetensors"),
                    Transformer(wider, Weights(random_weights(0.2, 1), {})).named_weights());
  check_sentence(run("hyplora-generate", {"--model", place.at("wide"), "--adapter", place.at("out"), "--ids",
                                          place.at("ids.jsonl"), "--output-ids"}),
                 2, "lora_A.weight: found shape [4, 32], expected [4, 64]");
}

TEST_CASE("Loss on rows is measured and written", "[programs]") {
  const Place place;
  const Ran ran = run("hyplora-eval", {"--model", place.at("base"), "--data", place.at("rows.jsonl"), "--benchmark", "loss",
                                       "--output", place.at("e")});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  const Json results = read_json(place.at("e/results.json"));
  CHECK(results["benchmark"] == "loss");
  CHECK(results["n"] == 2);
  CHECK(results["tokens"] == 8);
  CHECK(results["loss"].get<double>() > 0);
  check_sentence(run("hyplora-eval", {"--model", place.at("base"), "--data", place.at("rows.jsonl")}), 2,
                 "say which with --benchmark");
}

TEST_CASE("The bundled model tokenises, completes and is scored", "[programs]") {
  const std::string model = test::in_source("data/model").string(), rows = test::in_source("data/word_problems.json").string();
  const Ran ids = run("hyplora-tokenize", {"--model", model}, "2 + 3 = 5\n\n");
  REQUIRE(ids.status == 0);
  CHECK(std::count(ids.out.begin(), ids.out.end(), '\n') == 2);
  CHECK(Json::parse(ids.out.substr(0, ids.out.find('\n')))[0] == 1);
  const Ran back = run("hyplora-tokenize", {"--model", model, "--decode"}, ids.out.substr(0, ids.out.find('\n')));
  CHECK(Json::parse(back.out) == "2 + 3 = 5");
  CHECK(run("hyplora-generate", {"--model", model, "--prompt", "2 + 3 =", "--max-new-tokens", "8"}).status == 0);
  const test::TempFolder out;
  const Ran scored = run("hyplora-eval", {"--model", model, "--data", rows, "--limit", "6", "--max-new-tokens", "24",
                                          "--output", out.path().string()});
  INFO(scored.err);
  REQUIRE(scored.status == 0);
  CHECK(read_json(out / "results.json")["n"] == 6);
  const Json records = read_json(out / "word_problems.json");
  CHECK(records.size() == 6);
  CHECK(records[0].contains("output_pred"));
  CHECK(records[0]["flag"].is_boolean());
}

}  // namespace
}  // namespace hyplora

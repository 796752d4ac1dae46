// What an evaluation may go on with: every option and every file that has a say, one after the other.
#include <set>

#include "adapter/adapter.h"
#include "eval/run.h"
#include "model/load.h"
#include "support/fields.h"
#include "support/support.h"

namespace hyplora {
namespace {

class Silent : public EvalObserver {
 public:
  void started(const TaskStart&) override {}
  void advanced(int64_t, int64_t) override { ++rows; }
  int rows = 0;
};

/// An evaluation with a template, worked examples and an adapter of its own, stopped after two rows.
class StoppedRun {
 public:
  StoppedRun() {
    const fs::path bundled = test::in_source("data/model");
    fs::copy(bundled, folder_ / "model");
    Json rows = Json::array();
    for (int i = 0; i < 5; ++i)
      rows.push_back({{"instruction", fmt::format("Is {} even?", i)},
                      {"input", ""},
                      {"output", "yes"},
                      {"answer", i % 2 == 0 ? "true" : "false"}});
    write_file(folder_ / "boolq.json", rows.dump());
    write_file(folder_ / "shots.json", rows.dump());
    write_file(folder_ / "template.json", R"({"prompt_input": "{instruction} {input}", "prompt_no_input": "{instruction} "})");
    Transformer model = load_model(folder_ / "model", read_model_spec(folder_ / "model"), {});
    AdapterOptions adapter;
    adapter.lora_r = 2;
    fs::create_directory(folder_ / "adapter");
    Adapters::attach(model, adapter, 1).save(folder_ / "adapter", folder_ / "model");
    options.model = place("model");
    options.data = place("boolq.json");
    options.adapters = {place("adapter")};
    options.prompt_template = place("template.json");
    options.few_shot = 1;
    options.few_shot_data = place("shots.json");
    options.output = place("out");
    options.resume = true;
    options.evaluate.decode.max_new_tokens = 2;
    options.evaluate.decode.batch_size = 1;
    Silent observer;
    REQUIRE(run_evaluation(options, {at::kCPU, observer, [&] { return observer.rows == 2; }}).interrupted);
  }
  std::string place(const std::string& name) const { return folder_ / name; }
  /// The sentence of a refusal, or nothing where the run would go on; it is stopped before its first row.
  std::string refusal(const EvalOptions& changed) const {
    Silent observer;
    try {
      run_evaluation(changed, {at::kCPU, observer, [] { return true; }});
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  EvalOptions options;

 private:
  test::TempFolder folder_;
};

TEST_CASE("Every option that changes the result is refused on resume and named, and no other is", "[eval]") {
  const StoppedRun run;
  CHECK(run.refusal(run.options).empty());
  EvalOptions changed = run.options;
  const Fields fields = eval_fields(changed);
  for (const Field& field : fields.all()) {
    // Another benchmark is another job, whose rows stand in files of its own.
    if (field.names_files || field.name == "resume" || field.name == "benchmark") continue;
    const Json value = field.get();
    const Json other = field.name == "dtype" ? "bfloat16" : test::another_value(field);  // auto is float32 here
    INFO(field.name << " = " << other);
    REQUIRE(field.set(other));
    const std::string sentence = run.refusal(changed);
    CHECK((sentence.find("settings/" + field.name + " was ") != std::string::npos) == field.changes_result);
    REQUIRE(field.set(value));
  }
}

TEST_CASE("A byte of any file that changes the result is refused on resume and the file named", "[eval]") {
  const StoppedRun run;
  const auto refused = [&](const std::string& file, const std::string& from, const std::string& to, const std::string& name) {
    const std::string path = run.place(file), text = read_file(path);
    const size_t place = from.empty() ? text.size() - to.size() : text.find(from);
    INFO(file);
    REQUIRE(place != std::string::npos);
    write_file(path, std::string(text).replace(place, to.size(), to));
    const std::string sentence = run.refusal(run.options);
    INFO(sentence);
    CHECK_THAT(sentence, test::Contains("was written by another run: hashes/"));
    CHECK_THAT(sentence, test::Contains(name + " was "));
    write_file(path, text);
  };
  refused("model/config.json", "1e-05", "1e-06", "model");
  refused("model/model.safetensors", "", "\1\2\3", "model");
  refused("model/tokenizer_config.json", "\"add_eos_token\": false", "\"add_eos_token\": true ", "tokenizer_config");
  refused("model/tokenizer.model", "<unk>", "<ukn>", "tokenizer");
  refused("model/generation_config.json", "\"eos_token_id\": 2", "\"eos_token_id\": 3", "generation_config");
  refused("template.json", "} {", "}_{", "template");
  refused("shots.json", "yes", "yea", "few_shot_data");
  refused("boolq.json", "even", "evil", "data");
  refused("adapter/adapter_model.safetensors", "", "\1", "adapter");
  refused("adapter/adapter_config.json", "\"inference_mode\": true", "\"inference_mode\":\ttrue", "adapter");
  refused("adapter/hyplora.json", "\"format\": 1", "\"format\":\t1", "adapter");
  CHECK(run.refusal(run.options).empty());
}

TEST_CASE("The same template in another file does not count, a built-in one does", "[eval]") {
  const StoppedRun run;
  EvalOptions changed = run.options;
  changed.prompt_template = run.place("copy.json");
  fs::copy_file(*run.options.prompt_template, *changed.prompt_template);
  CHECK(run.refusal(changed).empty());
  changed.prompt_template = "alpaca";
  CHECK_THAT(run.refusal(changed), test::Contains("template was "));
}

TEST_CASE("Rows that another version of the judge scored are not taken over", "[eval]") {
  const StoppedRun run;
  const std::string file = run.place("out/boolq.progress.jsonl"), text = read_file(file);
  const std::string version = "\"version\":";
  const size_t place = text.find(version);
  REQUIRE(place != std::string::npos);
  write_file(file, std::string(text).replace(place + version.size(), 1, "0"));
  CHECK_THAT(run.refusal(run.options), test::Contains("verdict/version was 0, now it is "));
}

}  // namespace
}  // namespace hyplora

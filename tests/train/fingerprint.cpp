// What a training run may go on with.
#include "train/fingerprint.h"

#include <set>

#include "support/fields.h"
#include "support/training_place.h"

namespace hyplora {
namespace {

/// A prepared run with text rows, validation, a template of its own and an adapter to start from.
class PreparedRun {
 public:
  PreparedRun() {
    place_.write_text(30);
    write_file(place("template.json"), R"({"prompt_input": "{instruction} {input}", "prompt_no_input": "{instruction} "})");
    write_file(place("base/tokenizer_config.json"), R"({"add_bos_token": false})");
    fs::copy_file(place("text.jsonl"), place("validation.jsonl"));
    fs::create_directory(place("start"));
    write_file(place("start/adapter_model.safetensors"), "weights");
    options.base_model = place("base");
    options.data_path = {{place("text.jsonl")}, true};
    options.val_data_path = place("validation.jsonl");
    options.prompt_template = place("template.json");
    options.output_dir = place("out");
  }
  std::string place(const std::string& name) const { return place_.at(name); }
  /// The folder to start from is no whole adapter, so that it is named last.
  TrainingSetup prepared() const {
    TrainingSetup setup = prepare_training(options, at::kCPU);
    setup.options.init_adapter = place("start");
    return setup;
  }

  TrainOptions options;

 private:
  test::TrainingPlace place_;
};

std::set<std::string> names(const std::vector<Difference>& differences) {
  std::set<std::string> all;
  for (const auto& d : differences) all.insert(d.name.substr(0, d.name.find('/')));
  return all;
}

TEST_CASE("Every key that changes the result is told when it differs, and no other", "[train]") {
  const PreparedRun run;
  TrainingSetup setup = run.prepared();
  const Identity before = run_identity(setup);
  const Json saved = resolved_config(setup.options);
  const Fields fields = train_fields(setup.options);
  for (const Field& field : fields.all()) {
    const Json value = field.get(), other = test::another_value(field);
    if (field.names_files || other.is_null()) continue;
    INFO(field.name << " = " << other);
    REQUIRE(field.set(other));
    const Identity now = run_identity(setup);
    for (const Identity& earlier : {before, saved_identity(saved, before.files, now)}) {
      const auto told = names(differences(earlier, now));
      CHECK(told.contains(field.name) == field.changes_result);
      CHECK((field.changes_result || told.empty()));
    }
    REQUIRE(field.set(value));
  }
}

TEST_CASE("Every file that changes the result is told when a byte of it differs", "[train]") {
  const PreparedRun run;
  const Identity before = run_identity(run.prepared());
  std::set<std::string> told;
  const auto changed = [&](const char* file, const std::string& from, const std::string& to) {
    const std::string path = run.place(file), text = read_file(path);
    const size_t place = from.empty() ? text.size() - to.size() : text.find(from);
    INFO(file);
    REQUIRE(place != std::string::npos);
    write_file(path, std::string(text).replace(place, to.size(), to));
    const auto found = names(differences(before, run_identity(run.prepared())));
    CHECK_FALSE(found.empty());
    told.insert(found.begin(), found.end());
    write_file(path, text);
    CHECK(differences(before, run_identity(run.prepared())).empty());
  };
  changed("text.jsonl", "ab", "bb");
  changed("validation.jsonl", "ab", "bb");
  changed("template.json", "} {", "}_{");
  changed("base/tokenizer.json", "\"use_regex\": true", "\"use_regex\":\ttrue");
  changed("base/tokenizer_config.json", "false", "true ");
  write_file(run.place("base/special_tokens_map.json"), R"({"unk_token": "<u>"})");
  CHECK(names(differences(before, run_identity(run.prepared()))) == std::set<std::string>{"special_tokens_map"});
  fs::remove(run.place("base/special_tokens_map.json"));
  changed("base/config.json", "1e-6", "1e-5");
  changed("start/adapter_model.safetensors", "weights", "weighty");
  changed("base/model.safetensors", "", "\1\2\3\4");
  CHECK(told == std::set<std::string>{"data_path[0]", "val_data_path", "prompt_template", "rows", "tokenizer",
                                      "tokenizer_config", "base config", "base weights", "init_adapter"});
}

TEST_CASE("A built-in template and another path to the same file are told apart by what they say", "[train]") {
  PreparedRun run;
  const Identity of_file = run_identity(run.prepared());
  fs::copy_file(run.options.prompt_template, run.place("copy.json"));
  run.options.prompt_template = run.place("copy.json");
  CHECK(differences(of_file, run_identity(run.prepared())).empty());
  run.options.prompt_template = "none";
  CHECK(names(differences(of_file, run_identity(run.prepared()))).contains("prompt_template"));
}

TEST_CASE("A difference is told with what was saved and what there is", "[train]") {
  CHECK(clause({"lora_r", 4, 8, false, ""}) == "lora_r = 4, but the config says 8");
  CHECK(clause({"tokenizer", "00", "22", true, "u"}) == "tokenizer of hash 00, but u has hash 22");
  CHECK(clause({"data_path[1]", "00", "22", true, "u"}) == "data_path (file 2) of hash 00, but u has hash 22");
  CHECK(clause({"rows", "11", Json(), true, ""}) == "tokenised rows of hash 11, but what there is now has hash none");
}

}  // namespace
}  // namespace hyplora

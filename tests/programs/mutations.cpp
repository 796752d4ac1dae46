// Every file that the programs read, mutated: whatever stands in it, a program ends with 0, 1, 2 or 75, says what is wrong in one
// sentence, soon and with little memory, and nothing that nobody means changes a result without a word.
//
// The suite runs one mutant of each file, the same every time; HYPLORA_MUTANTS=N runs N of each, 0 all of them.
#include <algorithm>
#include <cstdlib>

#include "adapter/material.h"
#include "io/hash.h"
#include "programs/sentences.h"
#include "support/measured.h"
#include "support/mutants.h"
#include "support/training_place.h"

namespace hyplora {
namespace {

using test::Contains;
using test::Measured;
using test::Mutant;
using test::Ran;

using Words = std::vector<std::string>;
using MutantsOf = std::vector<Mutant> (*)(const std::string&);

/// So many of each file.
size_t wanted() {
  const char* asked = std::getenv("HYPLORA_MUTANTS");
  return asked != nullptr ? std::strtoul(asked, nullptr, 10) : 1;
}

/// A file, what reads it, and what must be done around: `around` runs once the mutant is in place.
struct Subject {
  std::string file;
  MutantsOf mutants;
  std::string program;
  Words arguments;
  std::function<void()> around = [] {};
};

void check_end(const Measured& measured, const Measured& intact) {
  const Ran& ran = measured.ran;
  CHECK((ran.status == 0 || ran.status == 1 || ran.status == 2 || ran.status == 75));
  CHECK(measured.cpu_seconds < 10);
  CHECK(measured.peak_memory_bytes < intact.peak_memory_bytes + (int64_t{1} << 30));
  CHECK_THAT(ran.err, !Contains("json.exception") && !Contains("Exception raised from"));
  CHECK(std::none_of(ran.err.begin(), ran.err.end(), [](char c) { return (c >= 0 && c < 32 && c != '\n') || c == 127; }));
  if (ran.status == 1 || ran.status == 2) test::check_sentence(ran, ran.status, "error: ");
}

void check_mutants(const test::TempFolder& folder, const Subject& subject) {
  const std::string before = read_file(folder / subject.file);
  const auto measure = [&](const std::string& bytes) {
    write_file(folder / subject.file, bytes);
    subject.around();
    return test::run_measured(folder.path(), subject.program, subject.arguments);
  };
  INFO(subject.program << " and " << subject.file);
  const Measured intact = measure(before);
  INFO(intact.ran.err);
  REQUIRE(intact.ran.status == 0);
  for (const auto& [what, bytes, wrong_type] : test::sample(subject.mutants(before), wanted())) {
    const Measured measured = measure(bytes);
    INFO(what << ": " << measured.ran.status << " " << measured.ran.err);
    check_end(measured, intact);
    if (wrong_type && measured.ran.status == 0 && measured.ran.out != intact.ran.out)
      CHECK_THAT(measured.ran.err, Contains("warning") || Contains("unreadable"));
  }
  write_file(folder / subject.file, before);
}

/// A base with a tokenizer and a sharded copy, rows of every kind, a template, and a config of every key.
class Place {
 public:
  Place() {
    test::write_base(folder_ / "base");
    fs::copy(test::in_source("data/model"), folder_ / "bundled");
    write_file(folder_ / "ids.jsonl", R"({"input_ids":[3,4,5,6,7,8],"labels":[-100,4,5,6,7,8],"attention_mask":[1,1,1,1,1,1]})"
                                      "\n"
                                      R"({"input_ids":[9,10,11,12]})"
                                      "\n");
    write_file(folder_ / "alpaca.json",
               R"([{"instruction":"2 + 3?","input":"","output":"5"},{"instruction":"a","input":"b","output":"c"}])");
    write_file(folder_ / "chat.jsonl", R"({"messages":[{"role":"user","content":"B?"},{"role":"assistant","content":"b"}]})"
                                       "\n");
    write_file(folder_ / "template.json",
               R"({"prompt_input":"{instruction} {input}","prompt_no_input":"{instruction}","after_output":"."})");
    fs::create_directory(folder_ / "sharded");
    fs::copy(folder_ / "base/config.json", folder_ / "sharded");
    fs::copy(folder_ / "base/model.safetensors", folder_ / "sharded/model-00001-of-00001.safetensors");
    Json index{{"metadata", {{"total_size", 1}}}, {"weight_map", Json::object()}};
    for (const auto& [name, tensor] : test::small_model(1).named_weights())
      index["weight_map"][name] = "model-00001-of-00001.safetensors";
    write_file(folder_ / "sharded/model.safetensors.index.json", json_text(index));
    write_file(folder_ / "c.json", test::run("hyplora-train", train({"--print-config"})).out);
  }

  const test::TempFolder& folder() const { return folder_; }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  /// Of a run of two steps over tokenised rows.
  Words train(const Words& more) const {
    Words words{"--base-model", at("base"), "--data-path",        at("ids.jsonl"),
                "--output-dir", at("out"),  "--val-set-size",     "0",
                "--batch-size", "2",        "--micro-batch-size", "2",
                "--max-steps",  "2",        "--save-step",        "1",
                "--lora-r",     "4",        "--threads",          "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Of a dry run of c.json that has the program look at everything before its first step.
  Words plan(const Words& more) const {
    Words words{"--config", at("c.json"), "--dry-run"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("Mutated configs, checkpoints and rows end training with a sentence", "[programs][mutations]") {
  const Place place;
  const Words index = place.plan({"--base-model", place.at("sharded")});
  for (const Subject& subject : std::vector<Subject>{
           {"c.json", test::json_mutants, "hyplora-train", place.plan({})},
           {"base/config.json", test::json_mutants, "hyplora-train", place.plan({})},
           {"base/model.safetensors", test::safetensors_mutants, "hyplora-train", place.plan({})},
           {"sharded/model.safetensors.index.json", test::json_mutants, "hyplora-train", index},
           {"ids.jsonl", test::lines_mutants, "hyplora-train", place.plan({})},
       })
    check_mutants(place.folder(), subject);
}

TEST_CASE("Mutated rows of text and prompt templates end preparation with a sentence", "[programs][mutations]") {
  const Place place;
  const std::string bundled = test::in_source("data/model").string();
  const Words with_template = place.plan({"--base-model", bundled, "--data-path", place.at("alpaca.json"), "--cutoff-len", "64",
                                          "--prompt-template", place.at("template.json")});
  for (const Subject& subject : std::vector<Subject>{
           {"alpaca.json", test::json_mutants, "hyplora-data", {place.at("alpaca.json")}},
           {"chat.jsonl", test::lines_mutants, "hyplora-data", {place.at("chat.jsonl")}},
           {"template.json", test::json_mutants, "hyplora-train", with_template},
           {"alpaca.json", test::json_mutants, "hyplora-train", with_template},
       })
    check_mutants(place.folder(), subject);
}

TEST_CASE("Mutated tokenizers and generation settings end with a sentence", "[programs][mutations]") {
  const Place place;
  const test::TrainingPlace other;
  other.write_text(3);
  fs::create_directory(place.at("fast"));
  fs::copy(other.at("base/tokenizer.json"), place.at("fast"));
  write_file(place.at("fast/tokenizer_config.json"), R"({"add_bos_token":false,"add_eos_token":true,"eos_token":"<|end|>"})");
  write_file(place.at("text"), "[\"ab cd \xC3\xA9 <|end|>\"]");
  write_file(place.at("prompts"), "[3,4,5]\n");
  const Words fast{"--model", place.at("fast"), "--file", place.at("text")},
      slow{"--model", place.at("bundled"), "--file", place.at("text")};
  for (const Subject& subject : std::vector<Subject>{
           {"fast/tokenizer.json", test::json_mutants, "hyplora-tokenize", fast},
           {"fast/tokenizer_config.json", test::json_mutants, "hyplora-tokenize", fast},
           {"bundled/tokenizer_config.json", test::json_mutants, "hyplora-tokenize", slow},
           {"bundled/tokenizer.model", test::byte_mutants, "hyplora-tokenize", slow},
           {"bundled/generation_config.json",
            test::json_mutants,
            "hyplora-generate",
            {"--model", place.at("bundled"), "--ids", place.at("prompts"), "--output-ids", "--max-new-tokens", "2", "--threads",
             "1"}},
       })
    check_mutants(place.folder(), subject);
}

TEST_CASE("Mutated adapters end with a sentence", "[programs][mutations]") {
  const Place place;
  test::write_adapter_folder(place.at("hyplora"), test::kind("hyplora"));
  test::write_adapter_folder(place.at("lora"), test::kind("lora"));
  const auto inspect = [&](const std::string& name) {
    return Words{"inspect", place.at(name), "--json", "--model", place.at("base")};
  };
  for (const Subject& subject : std::vector<Subject>{
           {"hyplora/hyplora.json", test::json_mutants, "hyplora-adapter", inspect("hyplora")},
           {"hyplora/adapter_config.json", test::json_mutants, "hyplora-adapter", inspect("hyplora")},
           {"lora/adapter_config.json", test::json_mutants, "hyplora-adapter", inspect("lora")},
           {"lora/adapter_model.safetensors", test::safetensors_mutants, "hyplora-adapter", inspect("lora")},
       })
    check_mutants(place.folder(), subject);
}

TEST_CASE("Mutated checkpoints and metrics end the next launch with a sentence", "[programs][mutations]") {
  const Place place;
  REQUIRE(test::run("hyplora-train", place.train({})).status == 0);
  const fs::path saved = fs::canonical(place.at("out/latest"));
  const std::string state = fs::relative(saved, place.folder().path()) / "trainer_state.json";
  const std::string complete = read_file(saved / "COMPLETE"), hash = file_hash(saved / "trainer_state.json");
  const auto sign = [&] {  // as if it had been saved so: else its checksum alone tells
    std::string lines = complete;
    write_file(saved / "COMPLETE", lines.replace(lines.find(hash), hash.size(), file_hash(saved / "trainer_state.json")));
  };
  const Words plan = place.plan({"--resume-from-checkpoint", saved.string()});
  check_mutants(place.folder(), {state, test::json_mutants, "hyplora-train", plan, sign});
  sign();
  check_mutants(place.folder(),
                {fs::relative(saved / "COMPLETE", place.folder().path()), test::byte_mutants, "hyplora-train", plan});
  check_mutants(place.folder(), {"out/metrics.jsonl", test::lines_mutants, "hyplora-train", place.train({})});
}

TEST_CASE("Mutated results, progress and records end the next evaluation with a sentence", "[programs][mutations]") {
  const Place place;
  const std::string bundled = test::in_source("data/model").string(), out = place.at("out"), kept = place.at("kept");
  Words words{"--model",      bundled, "--data",           test::in_source("data/word_problems.json").string(),
              "--limit",      "2",     "--max-new-tokens", "2",
              "--batch-size", "1",     "--threads",        "1",
              "--output",     out,     "--resume"};
  REQUIRE(test::Launch("hyplora-eval", words, test::fault("kill:1:results.json")).wait() == 128 + SIGKILL);
  fs::copy(out, kept, fs::copy_options::recursive);
  const auto again = [&] {
    fs::remove_all(out);
    fs::copy(kept, out, fs::copy_options::recursive);
  };
  const std::string progress = "kept/word_problems.progress.jsonl";
  check_mutants(place.folder(), {progress, test::lines_mutants, "hyplora-eval", words, again});
  again();
  REQUIRE(test::run("hyplora-eval", words).status == 0);
  const std::string records = place.at("out/word_problems.json");
  fs::copy(records, place.at("b.json"));
  check_mutants(place.folder(), {"b.json", test::json_mutants, "hyplora-eval", {"--compare", records, place.at("b.json")}});
  check_mutants(place.folder(), {"out/results.json", test::json_mutants, "hyplora-eval", words});
}

}  // namespace
}  // namespace hyplora

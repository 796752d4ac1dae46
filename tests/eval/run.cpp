// A whole evaluation on the bundled model: what is written, what is checked first, going on.
#include "eval/run.h"

#include "adapter/adapter.h"
#include "eval/compare.h"
#include "eval/fingerprint.h"
#include "model/load.h"
#include "support/support.h"

namespace hyplora {
namespace {

const std::string bundled = test::in_source("data/model").string();

class Quiet : public EvalObserver {
 public:
  void started(const TaskStart& start) override { starts.push_back(start); }
  void advanced(int64_t done, int64_t) override { dones.push_back(done); }

  std::vector<TaskStart> starts;
  std::vector<int64_t> dones;
};

/// A folder with some questions whose answers are right, wrong and missing now and then.
class Questions {
 public:
  explicit Questions(size_t rows = 12) {
    Json all = Json::array();
    for (size_t i = 0; i < rows; ++i) {
      all.push_back({{"instruction",
                      fmt::format("Tom has {} apples. He gets {} more apples. How many apples does he have now?", i, i + 1)},
                     {"input", ""},
                     {"output", ""},
                     {"answer", std::to_string(2 * i + 1)}});
    }
    write_file(folder_ / "gsm8k.json", all.dump());
    options.model = bundled;
    options.data = (folder_ / "gsm8k.json").string();
    options.output = (folder_ / "out").string();
    options.evaluate.decode.max_new_tokens = 16;
    options.evaluate.decode.batch_size = 3;
  }
  fs::path at(const std::string& name) const { return folder_ / name; }
  /// Stopped after so many rows, if any.
  EvalOutcome run(Quiet& observer, size_t rows = SIZE_MAX) const {
    return run_evaluation(options, {at::kCPU, observer, [&observer, rows] { return observer.dones.size() >= rows; }});
  }

  EvalOptions options;

 private:
  test::TempFolder folder_;
};

TEST_CASE("A run that is interrupted again and again ends with the records of one that was not", "[eval]") {
  for (const double temperature : {0.0, 1.0}) {
    Questions questions;
    questions.options.evaluate.decode.temperature = temperature;
    Quiet all;
    REQUIRE_FALSE(questions.run(all).interrupted);
    const std::string whole = read_file(questions.at("out/gsm8k.json"));
    questions.options.output = questions.at("again").string();
    questions.options.resume = true;
    size_t computed = 0;
    for (int turn = 0; turn < 20; ++turn) {
      Quiet some;
      const bool interrupted = questions.run(some, 2).interrupted;
      computed += some.dones.size();
      CHECK(fs::exists(questions.at("again/results.json")) == !interrupted);
      if (!interrupted) break;
    }
    CHECK(computed == 12);
    CHECK(read_file(questions.at("again/gsm8k.json")) == whole);
    CHECK_FALSE(fs::exists(questions.at("again/gsm8k.progress.jsonl")));
    Quiet none;
    CHECK(questions.run(none).results.at(0)["n"] == 12);  // it is complete: nothing is done again
    CHECK(none.starts.empty());
    questions.options.evaluate.decode.max_new_tokens = 17;
    CHECK(test::input_error([&] { questions.run(none); }).find("settings/max_new_tokens was 16, now it is 17") !=
          std::string::npos);
    CHECK(read_file(questions.at("again/gsm8k.json")) == whole);
  }
}

TEST_CASE("Progress of another run is refused before anything is computed, and stays", "[eval]") {
  Questions questions;
  questions.options.resume = true;
  Quiet some;
  REQUIRE(questions.run(some, 2).interrupted);
  const std::string kept = read_file(questions.at("out/gsm8k.progress.jsonl"));
  questions.options.evaluate.decode.seed = 43;
  Quiet none;
  CHECK(test::input_error([&] { questions.run(none); }).find("settings/seed was 42, now it is 43") != std::string::npos);
  questions.options.evaluate.decode.seed = 42;
  questions.options.evaluate.decode.batch_size = 1;  // changes nothing of the results
  CHECK(read_file(questions.at("out/gsm8k.progress.jsonl")) == kept);
  CHECK_FALSE(questions.run(none).interrupted);
  CHECK(none.dones.size() + some.dones.size() == 12);
}

TEST_CASE("An entry says what was run: settings, speed, both accuracies, hashes of model, tokenizer and data", "[eval]") {
  Questions questions(3);
  Quiet observer;
  questions.run(observer);
  const Json entry = read_json(questions.at("out/results.json"));
  CHECK(entry["benchmark"] == "gsm8k");
  CHECK(entry["n"] == 3);
  CHECK(entry["verdict"] == Json{{"kind", "number"}, {"version", 2}});
  for (const char* key : {"accuracy", "stderr", "accuracy_low", "accuracy_high", "accuracy_strict", "rows_per_second",
                          "tokens_per_second", "seconds", "truncated"}) {
    INFO(key);
    CHECK(entry[key].is_number());
  }
  CHECK(entry["disagreement_rows"].size() == entry["disagreements"].get<size_t>());
  CHECK(entry["settings"]["max_new_tokens"] == 16);
  CHECK(entry["hashes"]["model"] == folder_hash(bundled));
  CHECK(entry["hashes"]["model_files"]["model.safetensors"] == file_hash(bundled + "/model.safetensors"));
  CHECK(entry["hashes"]["data"] == file_hash(questions.at("gsm8k.json")));
  CHECK(entry["hashes"]["tokenizer"] == file_hash(bundled + "/tokenizer.model"));
  CHECK(entry["hashes"]["adapter"].is_null());
  CHECK(entry["results"].size() == 1);
  CHECK(observer.starts.at(0).rows == 3);
  CHECK(observer.starts.at(0).cache_bytes > 0);
  CHECK(observer.dones == std::vector<int64_t>{1, 2, 3});
}

TEST_CASE("A bad row in a later file is found before an earlier one is scored", "[eval]") {
  Questions questions(3);
  write_file(questions.at("svamp.json"),
             R"([{"instruction": "a", "output": "", "answer": "1"}, {"instruction": "b", "output": ""}])");
  questions.options.data = questions.at("").string();
  Quiet observer;
  CHECK(test::input_error([&] { questions.run(observer); }).find("svamp.json: row 2: key \"answer\": found nothing") !=
        std::string::npos);
  CHECK(observer.starts.empty());
}

TEST_CASE("Files of one benchmark do not overwrite each other", "[eval]") {
  Questions questions(2);
  fs::create_directory(questions.at("d"));
  for (const char* name : {"d/a.json", "d/b.json"}) fs::copy_file(questions.at("gsm8k.json"), questions.at(name));
  questions.options.data = questions.at("d").string();
  questions.options.benchmark = "gsm8k";
  Quiet observer;
  CHECK(questions.run(observer).results.size() == 2);
  CHECK(fs::exists(questions.at("out/gsm8k.json")));
  CHECK(fs::exists(questions.at("out/gsm8k-2.json")));
}

TEST_CASE("An older results.json does not stand in the way of a newer run's progress", "[eval]") {
  Questions questions(6);
  Quiet first, second, third;
  questions.run(first);
  questions.options.evaluate.decode.max_new_tokens = 8;
  REQUIRE(questions.run(second, 3).interrupted);
  questions.options.resume = true;
  const EvalOutcome outcome = questions.run(third);
  CHECK_FALSE(outcome.interrupted);
  CHECK(outcome.results.at(0)["settings"]["max_new_tokens"] == 8);
  CHECK(second.dones.size() + third.dones.size() == 6);
}

TEST_CASE("A finished entry of results.json that was damaged is refused with file and key, or done again", "[eval]") {
  Questions questions(2);
  Quiet observer;
  questions.run(observer);
  questions.options.resume = true;
  const Json whole = read_json(questions.at("out/results.json"));
  const auto refusal = [&](const char* key, const Json& value) {
    Json changed = whole;
    changed["results"][0][key] = value;
    write_file(questions.at("out/results.json"), json_text(changed));
    return test::input_error([&] { questions.run(observer); });
  };
  for (const char* key : {"settings", "hashes", "accuracy", "n", "disagreement_rows", "verdict"}) {
    INFO(key);
    CHECK_THAT(refusal(key, Json("x")), test::Contains(fmt::format("results.json: key \"{}\": found \"x\"", key)));
  }
  for (const Json& results : {Json(), Json(3), Json::array({nullptr, 3, Json::object()}), Json{{"a", "b"}}}) {
    INFO(json_text(results));
    Json changed = whole;
    changed["results"] = results;
    write_file(questions.at("out/results.json"), json_text(changed));
    CHECK(questions.run(observer).results.at(0)["n"] == 2);
  }
}

TEST_CASE("A prompt is cut for the longest prefix of the adapters, and scored with each of them", "[eval]") {
  Questions questions(2);
  Json rows = read_json(questions.options.data);
  for (int i = 0; i < 300; ++i) rows[1]["instruction"] = rows[1]["instruction"].get<std::string>() + " and more";
  write_file(questions.options.data, rows.dump());
  Transformer model = load_model(bundled, read_model_spec(bundled), {});
  AdapterOptions prefix;
  prefix.adapter = "prefix";
  fs::create_directory(questions.at("prefix"));
  Adapters::attach(model, prefix, 1).save(questions.at("prefix"), bundled);
  questions.options.adapters = {questions.at("prefix").string(), "none"};
  Quiet observer;
  const std::string sentence = test::input_error([&] { questions.run(observer); });
  CHECK(sentence.find("gsm8k.json: row 2: its prompt has ") != std::string::npos);
  CHECK(sentence.find("less 30 virtual tokens") != std::string::npos);
  questions.options.evaluate.over_length = "truncate";
  CHECK(questions.run(observer).results.at(0)["truncated"] == 1);
}

TEST_CASE("Options of an evaluation outside their range are refused by name", "[eval]") {
  const auto refusal = [](auto change) {
    Questions questions(2);
    change(questions.options);
    Quiet observer;
    return test::input_error([&] { questions.run(observer); });
  };
  const auto names = [&](auto change, const char* part) { CHECK(refusal(change).find(part) != std::string::npos); };
  names([](EvalOptions& o) { o.model.clear(); }, "--model and --data are needed");
  names([](EvalOptions& o) { o.output.clear(), o.resume = true; }, "--resume needs --output");
  names([](EvalOptions& o) { o.evaluate.over_length = "drop"; },
        "over_length: found \"drop\", expected one of error, truncate");
  names([](EvalOptions& o) { o.evaluate.scoring = "x"; }, "scoring: found \"x\"");
  names([](EvalOptions& o) { o.evaluate.scoring = "likelihood"; }, "gsm8k: likelihood scoring needs alternatives");
  names([](EvalOptions& o) { o.few_shot = 1; }, "--few-shot-data FILE is missing");
  names([](EvalOptions& o) { o.few_shot = 3, o.few_shot_data = o.data; }, "found 2 rows, expected at least the 3");
  names([](EvalOptions& o) { o.few_shot = 1, o.few_shot_data = o.data; }, "row 1: a worked example needs an output");
  names([](EvalOptions& o) { o.benchmark = "loss", o.evaluate.scoring = "likelihood"; }, "loss: it is measured on the rows");
  names([](EvalOptions& o) { o.adapters = {"/nowhere"}; }, "/nowhere: is not a folder");
}

TEST_CASE("A folder's hash changes with any of its weights or its config, and with nothing else", "[eval]") {
  const test::TempFolder folder;
  write_file(folder / "config.json", "{}");
  write_file(folder / "a.safetensors", std::string(40000000, 'x'));
  const std::string before = folder_hash(folder.path());
  write_file(folder / "README.md", "text");
  CHECK(folder_hash(folder.path()) == before);
  std::string weights(40000000, 'x');
  weights[39999999] = 'y';
  write_file(folder / "a.safetensors", weights);
  const std::string changed = folder_hash(folder.path());
  CHECK(changed != before);
  write_file(folder / "config.json", "{ }");
  CHECK(folder_hash(folder.path()) != changed);
}

TEST_CASE("A folder's hash is what sha256sum makes of what it prints for the folder's files", "[eval]") {
  const test::TempFolder folder;
  write_file(folder / "b.safetensors", "abc");
  write_file(folder / "config.json", "{}");
  write_file(folder / "a.safetensors", "");
  write_file(folder / "README.md", "x");
  // sha256sum a.safetensors b.safetensors config.json | sha256sum
  CHECK(folder_hash(folder.path()) == "9358ef02aa741981c104d6404b6c0070b7a4fd5dcc9144ee39298491855c736d");
  CHECK(file_hashes(folder.path()).at("config.json") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST_CASE("Two folders are compared file by file, adapters' folders too", "[eval]") {
  const test::TempFolder folder;
  const char* records = R"([{"instruction": "i", "input": "", "flag": true}])";
  for (const char* place : {"a", "b"}) {
    fs::create_directories(folder / place / "lora");
    write_file(folder / place / "results.json", "{}");
    write_file(folder / place / "adapter_config.json", "{}");
    write_file(folder / place / "lora/boolq.json", records);
  }
  const auto pairs = common_records(folder / "a", folder / "b");
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].benchmark == "lora/boolq");
  CHECK(common_records(folder / "a/lora/boolq.json", folder / "b/lora/boolq.json").size() == 1);
  CHECK(test::input_error([&] { common_records(folder / "a", folder / "none"); }).find("is not a folder") != std::string::npos);
  CHECK(test::input_error([&] { common_records(folder / "a/lora", folder / "b"); }).find("no benchmark in common") !=
        std::string::npos);
}

}  // namespace
}  // namespace hyplora

// What people bring, from the shared cases: folders whose EOS stands in odd places, and rows of many schemas. Each has its right value.
#include "io/files.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;
using test::Ran;
using test::run;

/// Of one file of rows on one checkpoint, responses alone carrying loss.
Ran dry_run(const fs::path& model, const fs::path& rows, const std::vector<std::string>& more = {}) {
  const test::TempFolder folder;
  std::vector<std::string> arguments{
      "--base-model", model.string(),   "--data-path", rows.string(),           "--output-dir", (folder / "out").string(),
      "--set",        "val_set_size=0", "--set",       "train_on_inputs=false", "--dry-run"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run("hyplora-train", arguments);
}

Json plan(const fs::path& model, const fs::path& rows, const std::vector<std::string>& more = {}) {
  const Ran ran = dry_run(model, rows, more);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  return Json::parse(ran.out);
}

/// The bundled model with some files of a folder over its own.
fs::path bundled_with(const test::TempFolder& folder, const fs::path& files) {
  fs::copy(test::in_source("data/model"), folder / "model");
  for (const char* name : {"config.json", "generation_config.json", "tokenizer_config.json"}) {
    if (fs::exists(files / name)) fs::copy_file(files / name, folder / "model" / name, fs::copy_options::overwrite_existing);
  }
  return folder / "model";
}

TEST_CASE("A tokenizer that closes texts does not close prompts: the first token of an answer is learnt", "[programs]") {
  const auto shared = test::shared("cases/add-eos-token");
  if (!shared) return;
  const test::TempFolder folder;
  const Json found = plan(bundled_with(folder, *shared), *shared / "rows.json");
  CHECK(found["supervised_tokens_per_epoch"] == 16);
  CHECK_THAT(found["first_example"].get<std::string>(), Contains("Response:\n]The answer is 5.«</s>»"));
}

TEST_CASE("A completion ends at the token that training put behind each row, whatever the configs' eos_token_id",
          "[programs]") {
  const auto shared = test::shared("cases/eos-config-differs");
  if (!shared) return;
  const test::TempFolder folder;
  const fs::path model = bundled_with(folder, *shared), adapter = folder / "fit", output = folder / "eval";
  Json config = read_json(*shared / "fit.json");
  config.update(
      Json{{"base_model", model.string()}, {"data_path", (*shared / "rows.json").string()}, {"output_dir", adapter.string()}});
  write_file(folder / "fit.json", config.dump());
  REQUIRE(run("hyplora-train", {"--config", (folder / "fit.json").string(), "--quiet"}).status == 0);
  const Ran ran =
      run("hyplora-eval", {"--model", model.string(), "--adapter", adapter.string(), "--data", (*shared / "rows.json").string(),
                           "--benchmark", "gsm8k", "--max-new-tokens", "24", "--output", output.string(), "--quiet"});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  std::vector<std::string> said;
  for (const auto& entry : fs::recursive_directory_iterator(output)) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "results.json") continue;
    for (const Json& record : read_json(entry.path())) {
      said.push_back(record["output_pred"]);
      CHECK(record["tokens"] == 8);
    }
  }
  CHECK(said == std::vector<std::string>{"The answer is 5.", "The answer is 7."});
}

TEST_CASE("EOS and BOS are found wherever a folder names them", "[programs]") {
  const auto shared = test::shared("cases/eos-only-in-special-tokens-map");
  if (!shared) return;
  for (const char* name : {"complete", "special_tokens_map", "config_only"}) {
    INFO(name);
    CHECK(plan(*shared / name, *shared / "rows.json")["tokens_per_epoch"] == 156);
    CHECK(run("hyplora-tokenize", {"--model", (*shared / name).string()}, "Hi\n").out == "[1,387,1751]\n");
  }
}

TEST_CASE("A token behind the embeddings is refused only where a row uses it", "[programs]") {
  const auto shared = test::shared("cases/token-beyond-vocab");
  if (!shared) return;
  const test::TempFolder folder;
  write_file(folder / "uses.json",
             R"([{"instruction": "a", "output": "b", "input": ""}, {"input_ids": [5, 2300], "labels": [5, 2300]}])");
  for (const char* name : {"gemma3-1b", "llama2-pad"}) {
    INFO(name);
    CHECK(dry_run(*shared / name, *shared / "rows.json").status == 0);
    const Ran refused = dry_run(*shared / name, folder / "uses.json");
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Contains("uses.json: row 2: found token id 2300"));
  }
}

TEST_CASE("Rows of public data sets are read as their makers mean them", "[programs]") {
  const auto shared = test::shared("cases/rows-other-schemas");
  if (!shared) return;
  const std::map<std::string, std::string> learnt{{"conv_role.json", "]A«"},
                                                  {"dolly.jsonl", "]A«"},
                                                  {"numoutput.json", "]The answer is 5."},
                                                  {"prompt_chat.jsonl", "]A«"},
                                                  {"prompt_completion.jsonl", "]A«"},
                                                  {"prompt_response.jsonl", "]A«"},
                                                  {"q_a_plain.jsonl", "]The answer is 5«"},
                                                  {"query_response.json", "]2+3=5\n#### 5\nThe answer is: 5«"},
                                                  {"sharegpt.json", "]The answer is 5.«"},
                                                  {"sharegpt_sys.json", "]A«"},
                                                  {"sharegpt_user.json", "]A«"},
                                                  {"wrapped_data.json", "]The answer is 5.«"}};
  for (const auto& [name, output] : learnt) {
    INFO(name);
    CHECK_THAT(plan(test::in_source("data/model"), *shared / name)["first_example"].get<std::string>(), Contains(output));
  }
  for (const char* name : {"nan.jsonl", "nan2.json"}) {
    const Ran refused = dry_run(test::in_source("data/model"), *shared / name);
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Contains("found NaN, which JSON does not have"));
  }
}

TEST_CASE("What rows say beside instruction and output is not dropped without a word", "[programs]") {
  const auto shared = test::shared("cases/rows-silent");
  if (!shared) return;
  const fs::path model = test::in_source("data/model");
  CHECK_THAT(dry_run(model, *shared / "empty_out.json").err, Contains("1 of 2 rows have an empty output"));
  CHECK_THAT(plan(model, *shared / "openmath.jsonl")["first_example"].get<std::string>(), Contains("]s \\boxed{5}«"));
  const Ran refused = dry_run(model, *shared / "history.json");
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("use prompt_template \"chat\", or fold_turns true"));
  CHECK_THAT(plan(model, *shared / "history.json", {"--set", "fold_turns=true"})["first_example"].get<std::string>(),
             Contains("User: ") && Contains("Assistant: "));
}

}  // namespace
}  // namespace hyplora

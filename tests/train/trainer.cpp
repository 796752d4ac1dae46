#include "train/trainer.h"

#include <ATen/TensorOperators.h>

#include <fstream>

#include "train/tensorboard.h"
#include "train/training_folder.h"

namespace hyplora {
namespace {

using test::run;
using test::TrainingFolder;

/// The lines of metrics.jsonl that a resumed run must repeat: everything but times, and without start and end.
std::vector<Json> lasting_lines(const fs::path& folder) {
  std::vector<Json> lines;
  for (Json line : read_metrics(folder / "metrics.jsonl")) {
    if (line.contains("event")) continue;
    for (const char* key : {"step_seconds", "tokens_per_second", "peak_memory_bytes"}) line.erase(key);
    lines.push_back(line);
  }
  return lines;
}

double difference(const fs::path& a, const fs::path& b) {
  const Safetensors x = Safetensors::open(a), y = Safetensors::open(b);
  double most = x.tensors().size() == y.tensors().size() ? 0 : INFINITY;
  for (const auto& [name, info] : x.tensors()) most = std::max(most, test::largest_difference(x.tensor(name), y.tensor(name)));
  return most;
}

TEST_CASE("A run writes what the contract names, and its loss falls", "[train]") {
  const TrainingFolder place;
  const TrainOutcome outcome = run(place.options("out"));
  CHECK(outcome.steps == 16);
  CHECK(*outcome.last_loss < *outcome.first_loss);
  for (const char* name :
       {"adapter_model.safetensors", "adapter_config.json", "hyplora.json", "README.md", "config.resolved.json", "loss.svg",
        "metrics.jsonl", "tensorboard", "latest/COMPLETE", "best/COMPLETE", "checkpoint-16/optimizer.safetensors"}) {
    INFO(name);
    CHECK(fs::exists(place / ("out/" + std::string(name))));
  }
  const auto lines = read_metrics(place / "out/metrics.jsonl");
  CHECK(lines.front()["event"] == "start");
  CHECK(lines.back()["event"] == "end");
  int64_t steps = 0, evaluations = 0;
  for (const auto& line : lines) {
    steps += line.contains("loss");
    evaluations += line.contains("eval_loss");
  }
  CHECK(steps == 16);
  CHECK(evaluations == 4);
}

TEST_CASE("Every adapter kind trains and resumes to the same bits", "[train]") {
  for (const std::string& kind : adapter_kinds()) {
    for (const std::string& variant : kind == "hyplora" ? hyplora_variants() : std::vector<std::string>{"lorentz"}) {
      INFO(kind << " " << variant);
      const TrainingFolder place;
      const std::vector<std::string> wanted{"adapter=" + kind, "hyplora_variant=" + variant};
      run(place.options("whole", wanted));
      int polls = 0;
      const auto stopped = run(place.options("parts", wanted), [&] { return ++polls == 8; });
      CHECK(stopped.interrupted);
      CHECK(stopped.steps < 16);
      CHECK_FALSE(run(place.options("parts", wanted)).interrupted);
      const std::string weights = kind == "full" ? "model.safetensors" : "adapter_model.safetensors";
      CHECK(difference(place / ("whole/" + weights), place / ("parts/" + weights)) == 0);
      CHECK(lasting_lines(place / "whole") == lasting_lines(place / "parts"));
    }
  }
}

TEST_CASE("A curvature whose exponential overflows is told and resumed from", "[train]") {
  const TrainingFolder place;
  const std::vector<std::string> spelled{"hyplora_variant=release", "curvature=1000"};
  int polls = 0;
  CHECK(run(place.options("parts", spelled), [&] { return ++polls == 8; }).interrupted);
  CHECK_FALSE(run(place.options("parts", spelled)).interrupted);
  for (const auto& line : read_metrics(place / "parts/metrics.jsonl")) {
    if (line.contains("loss")) CHECK(line["curvature"]["mean"].get<double>() == Approx(1000).epsilon(0.01));
  }
}

TEST_CASE("Metrics of an earlier launch that are null or of no known form are kept as they are", "[train]") {
  const TrainingFolder place;
  int polls = 0;
  REQUIRE(run(place.options("out"), [&] { return ++polls == 16; }).interrupted);
  const std::string odd =
      "{\"step\":1,\"loss\":null,\"grad_norm\":null,\"curvature\":{\"min\":null,\"mean\":null,\"max\":null}}\n"
      "{\"step\":1,\"eval_loss\":null,\"eval_perplexity\":null}\n{\"step\":1,\"curvature\":null}\n"
      "{\"step\":null,\"loss\":2.0}\n{\"step\":\"1\",\"event\":3}\n{\"step\":1,\"curvature\":{}}\n";
  write_file(place / "out/metrics.jsonl", read_file(place / "out/metrics.jsonl") + odd);
  CHECK_FALSE(run(place.options("out")).interrupted);
  CHECK_THAT(read_file(place / "out/metrics.jsonl"), test::Contains(odd));
}

TEST_CASE("Stopping at any poll loses nothing", "[train]") {
  const TrainingFolder place;
  run(place.options("whole"));
  for (int stop_at = 1; stop_at < 30; stop_at += 4) {
    const std::string out = "parts" + std::to_string(stop_at);
    int polls = 0;
    run(place.options(out), [&] { return ++polls == stop_at; });
    run(place.options(out));
    INFO("stopped at poll " << stop_at);
    CHECK(difference(place / "whole/adapter_model.safetensors", place / (out + "/adapter_model.safetensors")) == 0);
    CHECK(lasting_lines(place / "whole") == lasting_lines(place / out));
  }
}

TEST_CASE("A checkpoint without its COMPLETE mark is passed over", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  fs::remove(place / "out/checkpoint-16/COMPLETE");
  const TrainOptions options = place.options("out");
  CHECK(Checkpoints(options).to_resume()->filename() == "checkpoint-15");  // the validation there was the best so far
}

/// One bit of the file's middle is another from now on.
void damage(const fs::path& file) {
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(file, bytes);
}

TEST_CASE("A checkpoint that is no longer what was saved is passed over; where there is no other it is refused", "[train]") {
  const TrainingFolder place;
  run(place.options("whole"));
  run(place.options("out", {"save_total_limit=0"}));
  damage(place / "out/checkpoint-16/optimizer.safetensors");
  damage(place / "out/checkpoint-15/adapter_model.safetensors");
  fs::remove(place / "out/checkpoint-12/trainer_state.json");
  CHECK(Checkpoints(place.options("out")).to_resume()->filename() == "checkpoint-10");
  run(place.options("out"));
  CHECK(lasting_lines(place / "whole") == lasting_lines(place / "out"));
  CHECK(difference(place / "whole/adapter_model.safetensors", place / "out/adapter_model.safetensors") == 0);

  const std::string named = (place / "out/checkpoint-16").string();
  damage(place / "out/checkpoint-16/adapter_config.json");
  CHECK_THAT(test::input_error([&] { run(place.options("new", {"resume_from_checkpoint=" + named})); }),
             test::Contains("resume_from_checkpoint: " + named + "/adapter_config.json: is not what was saved there"));
  for (const auto& entry : fs::directory_iterator(place / "out")) {
    if (!entry.is_symlink() && fs::exists(entry.path() / "COMPLETE")) damage(entry.path() / "trainer_state.json");
  }
  CHECK_THAT(test::input_error([&] { run(place.options("out")); }), test::Contains("there is no other checkpoint"));
}

TEST_CASE("The best weights are not taken when they are no longer what was saved", "[train]") {
  const TrainingFolder place;
  const std::vector<std::string> rising{"hyplora_variant=lorentz", "learning_rate=0.5", "save_total_limit=0"};
  run(place.options("out", rising));
  const fs::path best = fs::canonical(place / "out/best");
  REQUIRE(best.filename() != "checkpoint-16");
  damage(best / "adapter_model.safetensors");
  CHECK_THAT(test::input_error([&] { run(place.options("out", rising)); }),
             test::Contains("set load_best_model_at_end to false"));
}

TEST_CASE("Resuming with another config is refused with the difference", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  const std::string sentence = test::input_error([&] { run(place.options("out", {"learning_rate=0.5"})); });
  CHECK_THAT(sentence, test::Contains("was saved with learning_rate = 0.01, but the config says 0.5"));
  CHECK_FALSE(run(place.options("out", {"learning_rate=0.5", "resume_from_checkpoint=never"})).interrupted);
}

TEST_CASE("A run that starts anew in a used folder leaves the earlier one's checkpoints behind", "[train]") {
  const TrainingFolder place;
  run(place.options("whole"));
  run(place.options("out", {"seed=5"}));
  int polls = 0;
  CHECK(run(place.options("out", {"resume_from_checkpoint=never"}), [&] { return ++polls == 6; }).interrupted);
  CHECK_FALSE(fs::exists(place / "out/checkpoint-16"));
  CHECK_FALSE(run(place.options("out")).interrupted);
  CHECK(lasting_lines(place / "whole") == lasting_lines(place / "out"));
}

TEST_CASE("Where nothing was learnt from texts, no record of an earlier run's template stays", "[train]") {
  const TrainingFolder place;
  run(place.options("out"));
  write_file(place / "out/prompt_template.json",
             R"({"prompt_input": "{instruction} {input}", "prompt_no_input": "{instruction}"})");
  run(place.options("out", {"resume_from_checkpoint=never"}));
  CHECK_FALSE(fs::exists(place / "out/prompt_template.json"));
}

TEST_CASE("A run may go on from another folder's checkpoint, and when stopped from its own", "[train]") {
  const TrainingFolder place;
  run(place.options("whole", {"save_total_limit=0"}));
  const std::vector<std::string> from{"resume_from_checkpoint=" + (place / "whole/checkpoint-8").string()};
  int polls = 0;
  const auto stop = [&] { return ++polls % 7 == 0; };
  const int64_t first = run(place.options("out", from), stop).steps, second = run(place.options("out", from), stop).steps;
  CHECK(first > 8);
  CHECK(second > first);
  CHECK_FALSE(run(place.options("out", from)).interrupted);
  CHECK(difference(place / "whole/adapter_model.safetensors", place / "out/adapter_model.safetensors") == 0);
}

TEST_CASE("A step that explodes is told, and with skip_spikes left out", "[train]") {
  const TrainingFolder place;
  Json ids = Json::array();  // many different tokens: their gradients cancel, those of a single token do not
  for (int t = 0; t < 120; ++t) ids.push_back((7 * t + t * t) % 60 + 3);
  std::string rows;
  for (int i = 0; i < 30; ++i) rows += Json{{"input_ids", ids}}.dump() + "\n";
  const std::vector<std::string> wanted{"batch_size=1",         "micro_batch_size=1",    "num_epochs=1",
                                        "shuffle=false",        "val_set_size=0",        "warmup_steps=0",
                                        "learning_rate=0.0001", "lr_scheduler=constant", "lora_dropout=0"};
  const auto with = [&](const std::string& out, const std::string& more_rows, std::vector<std::string> more) {
    write_file(place / "rows.jsonl", rows + more_rows);
    more.insert(more.end(), wanted.begin(), wanted.end());
    run(place.options(out, more));
    return read_metrics(place / (out + "/metrics.jsonl")).rbegin()[1];  // the line before the end's
  };
  const std::string poison = R"({"input_ids":[60,61]})";
  CHECK_FALSE(with("calm", "", {}).contains("event"));
  const Json told = with("told", poison, {}), skipped = with("skipped", poison, {"skip_spikes=true"});
  INFO(told.dump());
  REQUIRE(told.contains("event"));
  CHECK(told["event"] == "spike");
  CHECK(told["step"] == 31);
  CHECK(told["quantity"] == "grad_norm");
  CHECK(told["skipped"] == false);
  CHECK(skipped["skipped"] == true);
  const std::string weights = "/adapter_model.safetensors";
  CHECK(difference(place / ("calm" + weights), place / ("skipped" + weights)) == 0);
  CHECK(difference(place / ("calm" + weights), place / ("told" + weights)) > 0);
}

TEST_CASE("Only the newest checkpoints are kept, and the best one", "[train]") {
  const TrainingFolder place;
  run(place.options("out", {"save_step=1", "save_total_limit=2", "eval_step=3"}));
  int64_t kept = 0;
  for (const auto& entry : fs::directory_iterator(place / "out")) {
    kept += entry.path().filename().string().starts_with("checkpoint-") && !entry.is_symlink();
  }
  CHECK(kept <= 3);
  CHECK(fs::exists(place / "out/best/COMPLETE"));
}

TEST_CASE("A non-finite weight stops the run with step and module named", "[train]") {
  const TrainingFolder place;
  NamedTensors weights = test::small_model(3).named_weights();
  for (auto& [name, tensor] : weights) {
    if (name == "model.layers.1.mlp.gate_proj.weight") tensor[0][0] = NAN;
  }
  write_safetensors(place / "base/model.safetensors", weights);
  try {
    run(place.options("out"));
    FAIL("expected a RunError");
  } catch (const RunError& error) {
    CHECK_THAT(std::string(error.what()),
               test::Contains("step 1: the loss is not finite; the first non-finite value comes out of module "
                              "model.layers.1.mlp.gate_proj"));
    CHECK(error.exit_code() == 1);
  }
}

TEST_CASE("A rate that explodes stops the run and leaves the last checkpoint whole", "[train]") {
  const TrainingFolder place;
  CHECK_THROWS_AS(run(place.options("out", {"learning_rate=1e30", "save_step=1", "max_grad_norm=0"})), RunError);
  const TrainOptions options = place.options("out");
  const auto checkpoint = Checkpoints(options).to_resume();
  REQUIRE(checkpoint.has_value());
  const Safetensors saved = Safetensors::open(*checkpoint / "adapter_model.safetensors");
  for (const auto& [name, info] : saved.tensors()) CHECK(saved.tensor(name).isfinite().all().item<bool>());
}

TEST_CASE("Recomputing activations changes no number", "[train]") {
  const TrainingFolder place;
  run(place.options("kept"));
  run(place.options("recomputed", {"gradient_checkpointing=true"}));
  CHECK(difference(place / "kept/adapter_model.safetensors", place / "recomputed/adapter_model.safetensors") < 1e-7);
}

TEST_CASE("Packing sees the same tokens without attending across rows", "[train]") {
  const TrainingFolder place;
  const auto loss_of_step_one = [&](const std::string& out, const std::string& packing) {
    run(place.options(out, {"packing=" + packing, "cutoff_len=500", "batch_size=40", "micro_batch_size=40", "max_steps=1",
                            "val_set_size=0"}));
    return read_metrics(place / (out + "/metrics.jsonl"))[1]["loss"].get<double>();
  };
  CHECK(loss_of_step_one("packed", "true") == Approx(loss_of_step_one("plain", "false")).epsilon(1e-6));
}

TEST_CASE("Micro-batches of any size give the same step", "[train]") {
  const TrainingFolder place;
  const auto first_line = [&](const std::string& out, const std::string& micro) {
    run(place.options(out, {"batch_size=8", "micro_batch_size=" + micro, "max_steps=1", "lora_dropout=0"}));
    return read_metrics(place / (out + "/metrics.jsonl"))[1];
  };
  const Json whole = first_line("whole", "8"), parts = first_line("parts", "2");
  CHECK(whole["loss"].get<double>() == Approx(parts["loss"].get<double>()).epsilon(1e-6));
  CHECK(whole["grad_norm"].get<double>() == Approx(parts["grad_norm"].get<double>()).epsilon(1e-5));
}

TEST_CASE("Early stopping ends the run after validations without gain", "[train]") {
  const TrainingFolder place;
  CHECK(run(place.options("out", {"early_stopping_patience=1", "eval_step=1", "learning_rate=0"})).steps == 2);
}

TEST_CASE("The curvature can be held or learn at its own rate", "[train]") {
  const TrainingFolder place;
  const auto k = [&](const std::string& out, const std::vector<std::string>& wanted) {
    run(place.options(out, wanted));
    return Safetensors::open(place / (out + "/adapter_model.safetensors"))
        .tensor("base_model.model.model.layers.0.self_attn.q_proj.lora_k")
        .item<double>();
  };
  CHECK(k("held", {"curvature=1", "train_curvature=false"}) == 0);
  CHECK(k("still", {"curvature=1", "curvature_learning_rate=0"}) == 0);
  CHECK(k("free", {"curvature=1"}) != 0);
}

std::string refusal(const std::vector<std::string>& assignments) {
  const TrainingFolder place;
  return test::input_error([&] { prepare_training(place.options("out", assignments), at::kCPU); });
}

TEST_CASE("Combinations that cannot be are refused", "[train]") {
  CHECK(refusal({"micro_batch_size=3"}) == "batch_size: found 4, expected a multiple of micro_batch_size (3).");
  CHECK(refusal({"val_set_size=40"}) == "val_set_size: found 40, expected less than the 40 rows of data_path.");
  CHECK_THAT(refusal({"init_base=random"}), test::Contains("needs adapter \"full\""));
  CHECK_THAT(refusal({"adapter=full", "dtype=bfloat16"}), test::Contains("expected float32 with adapter \"full\""));
  CHECK_THAT(refusal({"curvature=-1"}), test::Contains("expected a number above 0"));
  CHECK_THAT(refusal({"hyplora_variant=simplified", "curvature=0"}), test::Contains("expected a number above 0"));
  CHECK_THAT(refusal({"hyplora_variant=v1", "curvature=0"}), test::Contains("expected a number that is not 0"));
  CHECK_THAT(refusal({"non_linearity=tan"}), test::Contains("expected one of tanh, relu"));
  CHECK_THAT(refusal({"target_modules=.*q_proj", "layers_to_transform=[1]"}), test::Contains("name the modules in a list"));
  CHECK_THAT(refusal({"adapter=prefix", "num_virtual_tokens=125"}), test::Contains("less 125 virtual tokens"));
  CHECK_THAT(refusal({"adapter=dorra"}), test::Contains("expected one of hyplora, lora, dora"));
  CHECK_THAT(refusal({"prompt_template=nothing"}), test::Contains("prompt_template"));
  CHECK_THAT(refusal({"lora_type=hyplora_huge-1"}), test::Contains("lora_type"));
}

TEST_CASE("Each epoch visits every row once, in an order that follows from the seed", "[train]") {
  std::vector<Example> examples(10);
  for (size_t i = 0; i < 10; ++i) examples[i].ids = Ids(i + 1, 1);
  TrainOptions options;
  options.batch_size = 4;
  options.micro_batch_size = 2;
  for (const bool grouped : {false, true}) {
    options.group_by_length = grouped;
    Batches batches(examples, options), again(examples, options);
    CHECK(batches.steps_per_epoch() == 3);
    std::multiset<size_t> seen;
    for (int64_t step = 0; step < 3; ++step) {
      const StepRows rows = batches.rows(step);
      CHECK(rows == again.rows(step));
      for (const auto& micro : rows) {
        for (const Example* e : micro) seen.insert(e->ids.size());
      }
    }
    CHECK(seen == std::multiset<size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    if (!grouped) CHECK(batches.rows(0) != batches.rows(3));
  }
}

TEST_CASE("TensorBoard's checksum is CRC-32C", "[train]") {
  CHECK(crc32c("123456789") == 0xe3069283u);  // its check value
}

TEST_CASE("HypLoRA learns real rows on a real checkpoint", "[train]") {
  const auto base = test::shared("models/stories260K"), data = test::shared("data/eval");
  if (!base || !data) return;
  const test::TempFolder folder;
  Json config{{"base_model", base->string()},
              {"output_dir", (folder / "out").string()},
              {"max_steps", 30},
              {"warmup_steps", 3},
              {"learning_rate", 0.003},
              {"batch_size", 8},
              {"lora_r", 8},
              {"lora_alpha", 16},
              {"val_set_size", 16},
              {"cutoff_len", 512}};
  config["data_path"] = Json::array();
  for (const char* name : {"AddSub.json", "MultiArith.json", "SingleEq.json"})
    config["data_path"].push_back((*data / name).string());
  const TrainOutcome outcome = run(read_train_options({config, "config", {}, {}}));
  CHECK(*outcome.last_loss < 0.75 * *outcome.first_loss);
}

}  // namespace
}  // namespace hyplora

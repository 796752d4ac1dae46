// An adapter is asked as it was taught: its template, the token at which its answers end.
#include "programs/sentences.h"
#include "text/tokenizer.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::Contains;
using test::run;

/// The bundled model, whose config.json and generation_config.json name another end token than its tokenizer's, and an adapter
/// that learnt two sums by heart in a template of its own.
struct Lesson {
  Lesson() {
    fs::copy(test::in_source("data/model"), place / "model", fs::copy_options::recursive);
    Json config = read_json(place / "model/config.json");
    config["eos_token_id"] = 1;
    write_file(place / "model/config.json", config.dump());
    write_file(place / "model/generation_config.json", R"({"eos_token_id": 1})");
    write_file(place / "form.json",
               R"({"prompt_input": "Q: {instruction} {input} A:", "prompt_no_input": "Q: {instruction} A:"})");
    write_file(place / "rows.json", R"([
      {"instruction": "What is 2 + 3?", "input": "", "output": " The answer is 5.", "answer": "5"},
      {"instruction": "What is 4 + 3?", "input": "", "output": " The answer is 7.", "answer": "7"}])");
    const Json recipe{{"base_model", at("model")},
                      {"data_path", at("rows.json")},
                      {"output_dir", at("out")},
                      {"adapter", "lora"},
                      {"lora_r", 32},
                      {"lora_dropout", 0},
                      {"val_set_size", 0},
                      {"batch_size", 2},
                      {"micro_batch_size", 2},
                      {"max_steps", 100},
                      {"warmup_steps", 0},
                      {"learning_rate", 0.003},
                      {"train_on_inputs", false},
                      {"prompt_template", at("form.json")}};
    write_file(place / "fit.json", recipe.dump());
    const test::Ran trained = run("hyplora-train", {"--config", at("fit.json"), "--quiet"});
    INFO(trained.err);
    REQUIRE(trained.status == 0);
  }
  std::string at(const std::string& name) const { return (place / name).string(); }
  test::Ran scored(const std::string& adapter, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"--model",     at("model"), "--adapter",        at(adapter), "--data",   at("rows.json"),
                                       "--benchmark", "gsm8k",     "--max-new-tokens", "24",        "--output", at("scores"),
                                       "--limit",     "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run("hyplora-eval", arguments);
  }
  test::TempFolder place;
};

TEST_CASE("Evaluation, generation, conversion and merging take an adapter's own template, and its answers end where it learnt",
          "[programs]") {
  const Lesson lesson;
  fs::remove(lesson.at("form.json"));  // the adapter knows
  REQUIRE(lesson.scored("out").status == 0);
  const Json records = read_json(lesson.at("scores/gsm8k.json"));
  CHECK(records[0]["output_pred"].get<std::string>().ends_with("The answer is 5."));
  CHECK(records[1]["output_pred"].get<std::string>().ends_with("The answer is 7."));
  CHECK(read_json(lesson.at("scores/results.json"))["accuracy"] == 1);

  const std::vector<std::string> ask{"--model", lesson.at("model"), "--prompt", "What is 2 + 3?", "--max-new-tokens",
                                     "24",      "--adapter"};
  const auto with = [&](const std::string& adapter) {
    auto arguments = ask;
    arguments.push_back(lesson.at(adapter));
    return run("hyplora-generate", arguments).out;
  };
  CHECK_THAT(with("out"), Contains("The answer is 5.") && !Contains("5.."));
  REQUIRE(run("hyplora-adapter", {"convert", "--adapter", lesson.at("out"), "--to", "peft", "--output", lesson.at("peft")})
              .status == 0);
  CHECK(with("peft") == with("out"));
  REQUIRE(run("hyplora-adapter",
              {"merge", "--model", lesson.at("model"), "--adapter", lesson.at("out"), "--output", lesson.at("merged")})
              .status == 0);
  CHECK(run("hyplora-generate", {"--model", lesson.at("merged"), "--prompt", "What is 2 + 3?", "--max-new-tokens", "24"}).out ==
        with("out"));

  const test::Ran told = lesson.scored("out", {"--template", "alpaca"});
  CHECK(told.status == 0);
  CHECK_THAT(told.err, Contains("was trained with template") && Contains("--template says alpaca"));
}

TEST_CASE("A stopped run's folder, MLX adapters and checkpoints of other formats are named as what they are", "[programs]") {
  const test::TempFolder place;
  const std::string model = test::in_source("data/model").string();
  const auto refusal = [&](const std::string& base, const std::string& adapter) {
    return run("hyplora-generate", {"--model", base, "--adapter", adapter, "--prompt", "1"});
  };
  fs::create_directories(place / "stopped/checkpoint-3");
  fs::create_directory_symlink("checkpoint-3", place / "stopped/latest");
  check_sentence(refusal(model, (place / "stopped").string()), 2, "stopped/latest");
  fs::create_directories(place / "mlx");
  write_file(place / "mlx/adapter_config.json", R"({"fine_tune_type": "lora"})");
  write_file(place / "mlx/adapters.safetensors", "");
  check_sentence(refusal(model, (place / "mlx").string()), 2, "is an adapter of MLX");
  fs::create_directories(place / "empty");
  check_sentence(refusal(model, (place / "empty").string()), 2, "no adapter_config.json is there");
  for (const auto& [file, words] : {std::pair("tiny.Q8_0.gguf", "gguf_file"), {"pytorch_model.bin", "is a pickle"}}) {
    const fs::path folder = place / std::string(file).substr(0, 4);
    fs::copy(model, folder);
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".safetensors") fs::remove(entry.path());
    }
    write_file(folder / file, "");
    check_sentence(run("hyplora-generate", {"--model", folder.string(), "--prompt", "1"}), 2, words);
  }
}

TEST_CASE("Conversations are rendered and tokenised by the model's own chat template", "[programs]") {
  const test::TempFolder place;
  const std::string model = (place / "model").string(), chats = (place / "chats.jsonl").string();
  fs::copy(test::in_source("data/model"), model);
  Json config = read_json(place / "model/tokenizer_config.json");
  config["chat_template"] =
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
      "{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";
  write_file(place / "model/tokenizer_config.json", config.dump());
  write_file(chats, R"({"messages": [{"role": "user", "content": "2 + 3"}], "add_generation_prompt": true})"
                    "\n\n"
                    R"({"messages": [{"role": "tool", "content": "5"}]})"
                    "\n");
  const test::Ran text = run("hyplora-tokenize", {"--model", model, "--chat", chats, "--render"});
  CHECK(text.status == 0);
  CHECK(text.out == "\"<s>user: 2 + 3\\nassistant:\"\n{\"refused\":\"no tools\"}\n");
  const test::Ran ids = run("hyplora-tokenize", {"--model", model, "--chat", chats});
  const Ids expected = load_tokenizer(model)->encode("<s>user: 2 + 3\nassistant:", false, {{0, 0}});
  CHECK(ids.out == json_text(Json(expected)) + "\n{\"refused\":\"no tools\"}\n");
  CHECK(expected.front() == 1);
  write_file(chats, "{\"messages\": 5}\n");
  check_sentence(run("hyplora-tokenize", {"--model", model, "--chat", chats}), 2, "chats.jsonl: line 1: ");
  check_sentence(run("hyplora-tokenize", {"--model", model, "--render"}), 2, "--chat");
}

TEST_CASE("An adapter taught in the model's own chat template answers in it, turn by turn, and ends where a turn ends",
          "[programs]") {
  const test::TempFolder place;
  fs::copy(test::in_source("data/model"), place / "model", fs::copy_options::recursive);
  write_file(
      place / "model/chat_template.jinja",
      "{{ bos_token }}{{ strftime_now('%d %b %Y') }}\n{% for m in messages %}{{ m.role }}: {{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}\n"
      "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}");
  write_file(place / "chats.jsonl",
             R"({"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "It is 5."},)"
             R"( {"role": "user", "content": "And 4 + 3?"}, {"role": "assistant", "content": "It is 7."}]})");
  const std::string model = (place / "model").string(), out = (place / "out").string();
  std::vector<std::string> arguments{"--base-model", model, "--data-path", (place / "chats.jsonl").string(),
                                     "--output-dir", out};
  for (const char* setting :
       {"prompt_template=chat", "val_set_size=0", "adapter=lora", "lora_dropout=0", "batch_size=1", "micro_batch_size=1",
        "max_steps=100", "warmup_steps=0", "learning_rate=0.003", "chat_day=2020-02-29"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  const test::Ran trained = run("hyplora-train", arguments);
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(read_json(place / "out/prompt_template.json")["chat_loss"] == "assistant");
  CHECK(read_json(place / "out/prompt_template.json")["day"] == "2020-02-29");
  arguments.insert(arguments.end(), {"--set", "chat_day=null", "--dry-run"});
  const test::Ran planned = run("hyplora-train", arguments);
  INFO(planned.err);
  REQUIRE(planned.status == 0);  // a run that goes on tells the day on which it began
  CHECK_THAT(Json::parse(planned.out)["first_example"].get<std::string>(),
             Contains("[no loss: «<s>»29 Feb 2020") && Contains("] It is 5.«</s>»[no loss: "));
  fs::remove(place / "model/chat_template.jinja");  // the adapter knows
  const test::Ran said = run("hyplora-generate", {"--model", model, "--adapter", out, "--prompt", "What is 2 + 3?", "--quiet"});
  CHECK_THAT(said.out, Contains("It is 5.") && !Contains("user"));
  const test::Ran loss = run("hyplora-eval", {"--model", model, "--adapter", out, "--data", (place / "chats.jsonl").string(),
                                              "--benchmark", "loss", "--output", (place / "loss").string(), "--quiet"});
  INFO(loss.err);
  REQUIRE(loss.status == 0);
  const double learnt = Json::parse(trained.out)["loss"];  // of the same turns, one update before
  CHECK(read_json(place / "loss/results.json")["results"][0]["loss"].get<double>() == Approx(learnt).epsilon(1e-3));
}

}  // namespace
}  // namespace hyplora

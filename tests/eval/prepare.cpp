// What the model is given: few-shot prompts, prompts cut to the context, alternatives, and the log-likelihoods of those.
#include "eval/prepare.h"

#include "eval/evaluate.h"
#include "model/load.h"
#include "support/support.h"

namespace hyplora {
namespace {

const fs::path bundled = test::in_source("data/model");

Row row_of(const std::string& instruction, const std::string& answer) {
  Row row;
  row.instruction = instruction;
  row.answer = answer;
  row.where = "f.json: row 3";
  return row;
}

EvaluateOptions alpaca() {
  EvaluateOptions options;
  options.prompt = find_prompt_template("alpaca");
  return options;
}

TEST_CASE("The alternatives of a row are those that its text offers", "[eval]") {
  using Names = std::vector<std::string>;
  const Row three = row_of("Why?\n\nAnswer1: a Answer2: b Answer3: c\n\nAnswer format: answer1/answer2/answer3", "answer3");
  CHECK(alternatives_of(find_task("social_i_qa"), three) == Names{"answer1", "answer2", "answer3"});
  CHECK(alternatives_of(find_task("boolq"), row_of("Is it?", "true")) == Names{"true", "false"});
  CHECK(alternatives_of(find_task("aqua"), row_of("x? Answer Choices: (A) 1 (B) 2 (C) 3", "B")) == Names{"A", "B", "C"});
  CHECK(alternatives_of(find_task("mathqa"), row_of("x? The options: A ) 38 , B ) 27 , C ) 3 , D ) 4", "A")) ==
        Names{"A", "B", "C", "D"});
  CHECK(alternatives_of(find_task("arc_easy"), row_of("Answer1 Answer2", "answer4")).size() == 5);  // not its own words
  CHECK(stated(find_task("piqa"), "solution2") == "the correct answer is solution2");
  CHECK(test::input_error([&] { alternatives_of(find_task("gsm8k"), row_of("1?", "1")); }).find("gsm8k: likelihood") == 0);
}

TEST_CASE("Likelihood picks the largest sum, and says which is largest a token", "[eval]") {
  const ModelSpec spec = read_model_spec(bundled);
  const Transformer model = load_model(bundled, spec, {});
  const auto tokenizer = load_tokenizer(bundled);
  EvaluateOptions options = alpaca();
  options.scoring = "likelihood";
  const std::vector<Row> rows{row_of("Is 2 more than 1? Answer format: true/false", "true"),
                              row_of("Is 2 less than 1? Answer format: true/false", "false")};
  const Task& task = find_task("boolq");
  const PreparedTask prepared = prepare(task, rows, tokenizer.get(), spec, options);
  const TaskResult result = evaluate(model, tokenizer.get(), prepared, options, [](int64_t, int64_t) {});
  REQUIRE(result.records.size() == 2);
  for (size_t row = 0; row < 2; ++row) {
    const Json& record = result.records[row];
    std::map<std::string, double> sums;
    for (const char* name : {"true", "false"}) {
      PromptText whole = render_prompt(options.prompt, rows[row].instruction, "");
      const size_t prompt = whole.encode(*tokenizer).size();
      whole.add_data(stated(task, name));
      const Ids ids = whole.encode(*tokenizer);
      sums[name] = test::log_likelihood(model, ids, prompt);
      CHECK(record["log_likelihood"][name]["sum"].get<double>() == Approx(sums[name]).epsilon(1e-5));
      CHECK(record["log_likelihood"][name]["per_token"].get<double>() ==
            Approx(sums[name] / static_cast<double>(ids.size() - prompt)).epsilon(1e-5));
    }
    CHECK(record["pred"] == (sums["true"] > sums["false"] ? "true" : "false"));
    CHECK(record["flag"].get<bool>() == (record["pred"] == *rows[row].answer));
    CHECK(record.contains("flag_normalised"));
  }
  CHECK(result.correct_normalised.has_value());
  CHECK(result.to_json().contains("accuracy_normalised"));
}

TEST_CASE("Worked examples stand before the prompt, each as prompt and output, a blank line between", "[eval]") {
  const auto tokenizer = load_tokenizer(bundled);
  const ModelSpec spec = read_model_spec(bundled);
  EvaluateOptions options = alpaca();
  options.prompt = find_prompt_template("none");
  options.shots = {{"1 + 1?", "", "2"}, {"2 + 2?", "", "4"}};
  const PreparedTask prepared = prepare(find_task("gsm8k"), {row_of("3 + 3?", "6")}, tokenizer.get(), spec, options);
  CHECK(prepared.texts[0] == "1 + 1?2\n\n2 + 2?4\n\n3 + 3?");
  CHECK(prepared.prompts[0] == tokenizer->encode(prepared.texts[0]));
}

TEST_CASE("A prompt beyond the context is an error with its row, or loses its oldest tokens behind BOS", "[eval]") {
  const auto tokenizer = load_tokenizer(bundled);
  const ModelSpec spec = read_model_spec(bundled);
  EvaluateOptions options = alpaca();
  options.decode.max_new_tokens = 40;
  std::string question;
  for (int i = 0; i < 300; ++i) question += fmt::format("{} and ", i);
  const std::vector<Row> rows{row_of("short?", "1"), row_of(question, "1")};
  const auto prepared = [&] { return prepare(find_task("gsm8k"), rows, tokenizer.get(), spec, options); };
  const Ids whole = render_prompt(options.prompt, question, "").encode(*tokenizer);
  CHECK(test::input_error(prepared) ==
        fmt::format("f.json: row 3: its prompt has {} tokens, but the model's context is 512 (max_position_embeddings); see "
                    "--over-length.",
                    whole.size()));
  options.over_length = "truncate";
  const PreparedTask cut = prepared();
  CHECK(cut.truncated_count() == 1);
  CHECK_FALSE(cut.truncated[0]);
  REQUIRE(cut.prompts[1].size() == 512 - 40);
  CHECK(cut.prompts[1][0] == *tokenizer->bos());
  CHECK(Ids(cut.prompts[1].begin() + 1, cut.prompts[1].end()) == Ids(whole.end() - 471, whole.end()));
  options.decode.max_new_tokens = 5000;
  CHECK(prepared().prompts[1].size() == 256);
}

TEST_CASE("Before an adapter's virtual tokens a prompt has that much less room, and is cut for it", "[eval]") {
  const auto tokenizer = load_tokenizer(bundled);
  const ModelSpec spec = read_model_spec(bundled);
  EvaluateOptions options = alpaca();
  options.decode.max_new_tokens = 8;
  options.lead_tokens = 30;
  std::string question;
  for (int i = 0; i < 300; ++i) question += fmt::format("{} and ", i);
  const auto prepared = [&] { return prepare(find_task("gsm8k"), {row_of(question, "1")}, tokenizer.get(), spec, options); };
  CHECK(test::input_error(prepared).find("f.json: row 3: its prompt has ") == 0);
  CHECK_THAT(test::input_error(prepared), test::Contains("context is 482 (max_position_embeddings less 30 virtual tokens)"));
  options.over_length = "truncate";
  CHECK(prepared().prompts[0].size() == 482 - 8);
}

TEST_CASE("Keys and values are bounded by the batch, not by the rows", "[eval]") {
  const auto tokenizer = load_tokenizer(bundled);
  const ModelSpec spec = read_model_spec(bundled);
  EvaluateOptions options = alpaca();
  options.decode.batch_size = 4;
  const auto bytes = [&](size_t rows) {
    return prepare(find_task("gsm8k"), std::vector<Row>(rows, row_of("1?", "1")), tokenizer.get(), spec, options)
        .cache_bytes(spec, 4, options);
  };
  CHECK(bytes(1) * 4 == bytes(4));
  CHECK(bytes(4) == bytes(40));
}

}  // namespace
}  // namespace hyplora

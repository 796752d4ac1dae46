#include "eval/evaluate.h"

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "model/pack.h"

namespace hyplora {
namespace {

using Clock = std::chrono::steady_clock;

Json record_of(const Row& row, const std::string& prompt) {
  return {{"instruction", row.instruction},
          {"input", row.input},
          {"answer", row.answer.value_or("")},
          {"prompt", prompt},
          {"output_pred", ""},
          {"pred", nullptr},
          {"flag", false},
          {"pred_strict", nullptr},
          {"flag_strict", false},
          {"tokens", 0}};
}

std::vector<Ids> encode_prompts(const std::vector<Row>& rows, const Tokenizer& tokenizer, const EvaluateOptions& options,
                                Json& records) {
  require_template_tokens(options.prompt, tokenizer);
  std::vector<Ids> prompts;
  for (const auto& row : rows) {
    if (row.tokenised()) throw InputError("{}: it came as token ids; scoring needs text.", row.where);
    const PromptText prompt = render_prompt(options.prompt, row.instruction, row.input);
    records.push_back(record_of(row, prompt.text));
    prompts.push_back(prompt.encode(tokenizer));
  }
  return prompts;
}

void count(const Json& record, TaskResult& result) {
  const bool right = record.value("flag", false), strictly = record.value("flag_strict", false);
  result.correct += right;
  result.correct_strictly += strictly;
  result.disagreements += right != strictly;
}

void judge_into(const Task& task, const Row& row, const std::string& completion, Json& record) {
  const Judgement judgement = judge(task, row, completion), strict = judge_strictly(task, row, completion);
  record["output_pred"] = completion;
  if (!judgement.pred.empty()) record["pred"] = judgement.pred;
  record["flag"] = judgement.correct;
  if (!strict.pred.empty()) record["pred_strict"] = strict.pred;
  record["flag_strict"] = strict.correct;
}

/// What is being scored: the rows that are still to be done, by their place in all of them.
struct Remaining {
  std::vector<size_t> rows;
  std::vector<Ids> prompts;
};

Remaining remaining_rows(const std::vector<Ids>& prompts, const ProgressFile* file, TaskResult& result) {
  Remaining left;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto done = file != nullptr ? file->done().find(i) : std::map<size_t, Json>::const_iterator();
    if (file == nullptr || done == file->done().end()) {
      left.rows.push_back(i);
      left.prompts.push_back(prompts[i]);
      continue;
    }
    result.records[i] = done->second;
    count(done->second, result);
  }
  return left;
}

void score_completions(const Transformer& model, const Tokenizer& tokenizer, const Task& task, const std::vector<Row>& rows,
                       const EvaluateOptions& options, const OnProgress& progress, ProgressFile* file, TaskResult& result) {
  for (const auto& row : rows) check_gold(task, row);
  const Remaining left = remaining_rows(encode_prompts(rows, tokenizer, options, result.records), file, result);
  auto done = static_cast<int64_t>(rows.size() - left.rows.size());
  decode(model, left.prompts, options.decode, [&](size_t i, const std::vector<Completion>& completions) {
    const size_t row = left.rows[i];
    const Ids& made = completions.front().ids;
    Json& record = result.records[row];
    judge_into(task, rows[row], tokenizer.decode(made), record);
    record["tokens"] = made.size();
    count(record, result);
    result.tokens += static_cast<int64_t>(made.size());
    if (file != nullptr) file->add(row, record);
    progress(++done, result.correct);
  });
}

void measure_loss(const Transformer& model, const Tokenizer* tokenizer, const std::vector<Row>& rows,
                  const EvaluateOptions& options, const OnProgress& progress, TaskResult& result) {
  const ExampleOptions as{options.prompt, options.cutoff_len, "truncate", options.train_on_inputs};
  const ExampleSet set = make_examples(rows, tokenizer, as, model.spec().vocab_size);
  LossSum sum;
  std::vector<const Example*> batch;
  for (const auto& example : set.examples) {
    batch.push_back(&example);
    if (static_cast<int64_t>(batch.size()) < options.decode.batch_size && &example != &set.examples.back()) continue;
    sum += summed_loss(model, batch);
    progress(&example - set.examples.data() + 1, 0);
    batch.clear();
  }
  result.loss = sum.mean();
  result.tokens = sum.tokens;
}

}  // namespace

double TaskResult::standard_error() const { return std::sqrt(accuracy() * (1 - accuracy()) / static_cast<double>(n)); }

Json TaskResult::to_json() const {
  Json json{{"benchmark", benchmark}, {"n", n}};
  if (loss) {
    json.update(Json{{"loss", *loss}, {"perplexity", std::exp(*loss)}, {"tokens", tokens}});
  } else {
    json.update(Json{{"correct", correct},
                     {"accuracy", accuracy()},
                     {"stderr", standard_error()},
                     {"correct_strict", correct_strictly},
                     {"disagreements", disagreements}});
  }
  json["seconds"] = seconds;
  json["tokens_per_second"] = seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  return json;
}

TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const Task& task, const std::vector<Row>& rows,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file) {
  TaskResult result;
  result.benchmark = task.name;
  result.n = static_cast<int64_t>(rows.size());
  const auto start = Clock::now();
  if (task.verdict == Verdict::loss) {
    measure_loss(model, tokenizer, rows, options, progress, result);
  } else {
    if (tokenizer == nullptr) throw InputError("{}: scoring needs a tokenizer.", task.name);
    score_completions(model, *tokenizer, task, rows, options, progress, progress_file, result);
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace hyplora

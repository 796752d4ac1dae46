#include "eval/evaluate.h"

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "eval/stop_strings.h"
#include "model/pack.h"

namespace hyplora {
namespace {

using Clock = std::chrono::steady_clock;

Json record_of(const PreparedTask& prepared, size_t row) {
  const Row& from = prepared.rows[row];
  Json record{{"instruction", from.instruction},
              {"input", from.input},
              {"answer", from.answer.value_or("")},
              {"prompt", prepared.texts[row]},
              {"output_pred", ""},
              {"pred", nullptr},
              {"flag", false}};
  if (prepared.truncated[row]) record["truncated"] = true;
  return record;
}

Json completion_record(const PreparedTask& prepared, size_t row, const std::string& completion, size_t tokens) {
  const Judgement judgement = judge(*prepared.task, prepared.rows[row], completion),
                  strict = judge_strictly(*prepared.task, prepared.rows[row], completion);
  const auto read = [](const Judgement& j) { return j.pred.empty() ? Json(nullptr) : Json(j.pred); };
  Json record = record_of(prepared, row);
  record["output_pred"] = completion;
  record["pred"] = read(judgement);
  record["flag"] = judgement.correct;
  record["pred_strict"] = read(strict);
  record["flag_strict"] = strict.correct;
  record["tokens"] = tokens;
  return record;
}

/// The alternative with the largest sum of log-probabilities counts; the one with the largest sum a token stands beside it.
Json likelihood_record(const PreparedTask& prepared, size_t row, const std::vector<Completion>& scored) {
  const auto& names = prepared.alternatives[row];
  size_t best = 0, best_normalised = 0, tokens = 0;
  Json scores = Json::object();
  const auto a_token = [&](size_t i) { return scored[i].score / static_cast<double>(scored[i].ids.size()); };
  for (size_t i = 0; i < scored.size(); ++i) {
    if (scored[i].score > scored[best].score) best = i;
    if (a_token(i) > a_token(best_normalised)) best_normalised = i;
    tokens += scored[i].ids.size();
    scores[names[i]] = {{"sum", scored[i].score}, {"per_token", a_token(i)}};
  }
  const std::string& gold = *prepared.rows[row].answer;
  Json record = record_of(prepared, row);
  record["output_pred"] = stated(*prepared.task, names[best]);
  record["pred"] = names[best];
  record["flag"] = names[best] == gold;
  record["pred_normalised"] = names[best_normalised];
  record["flag_normalised"] = names[best_normalised] == gold;
  record["log_likelihood"] = std::move(scores);
  record["tokens"] = tokens;
  return record;
}

void count(size_t row, const Json& record, TaskResult& result) {
  const bool right = record.value("flag", false);
  result.correct += right;
  if (record.contains("flag_normalised")) {
    result.correct_normalised = result.correct_normalised.value_or(0) + record["flag_normalised"].get<bool>();
    return;
  }
  const bool strictly = record.value("flag_strict", false);
  result.correct_strictly += strictly;
  if (right != strictly) result.disagreements.push_back(row);
}

void take_earlier_rows(const ProgressFile& file, size_t rows, DecodeOptions& decode, TaskResult& result) {
  for (const auto& [row, record] : file.done()) {
    if (row >= rows) continue;
    result.records[row] = record;
    decode.skipped.insert(row);
  }
}

void score_rows(const Transformer& model, const Tokenizer& tokenizer, const PreparedTask& prepared,
                const EvaluateOptions& options, const OnProgress& progress, ProgressFile* file, TaskResult& result) {
  DecodeOptions decoding = options.decode;
  result.records = std::vector<Json>(prepared.rows.size());
  if (file != nullptr) take_earlier_rows(*file, prepared.rows.size(), decoding, result);
  const auto earlier = static_cast<int64_t>(decoding.skipped.size());
  int64_t correct = 0;
  for (const size_t row : decoding.skipped) correct += result.records[row].value("flag", false);
  StopWatch watch(tokenizer, options.stops);
  if (!options.stops.empty()) decoding.ends_here = [&](size_t row, const Ids& made) { return watch.sees(row, made); };
  if (options.scoring == "likelihood") {
    decoding.alternatives = std::make_shared<const std::vector<std::vector<Ids>>>(prepared.alternative_ids);
  }
  decode(model, prepared.prompts, decoding, [&](size_t row, const std::vector<Completion>& completions) {
    const Ids& made = completions.front().ids;
    Json& record = result.records[row];
    record = decoding.alternatives
                 ? likelihood_record(prepared, row, completions)
                 : completion_record(prepared, row, before_stop(tokenizer.decode(made), options.stops), made.size());
    watch.forget(row);
    result.tokens += record["tokens"].get<int64_t>();
    correct += record["flag"].get<bool>();
    ++result.computed;
    if (file != nullptr) file->add(row, record);
    progress(earlier + result.computed, correct);
  });
  result.interrupted = earlier + result.computed < result.n;
  for (size_t row = 0; row < prepared.rows.size(); ++row) {
    if (result.records[row].is_object()) count(row, result.records[row], result);
  }
}

void measure_loss(const Transformer& model, const ExampleSet& set, const EvaluateOptions& options, const OnProgress& progress,
                  TaskResult& result) {
  LossSum sum;
  std::vector<const Example*> batch;
  for (const auto& example : set.examples) {
    batch.push_back(&example);
    if (static_cast<int64_t>(batch.size()) < options.decode.batch_size && &example != &set.examples.back()) continue;
    result.interrupted = options.decode.interrupted && options.decode.interrupted();
    if (result.interrupted) return;
    sum += summed_loss(model, batch);
    result.computed += static_cast<int64_t>(batch.size());
    progress(result.computed, 0);
    batch.clear();
  }
  result.loss = sum.mean();
  result.tokens = sum.tokens;
}

}  // namespace

double TaskResult::standard_error() const { return std::sqrt(accuracy() * (1 - accuracy()) / static_cast<double>(n)); }

Json TaskResult::to_json() const {
  const auto share = [&](int64_t right) { return static_cast<double>(right) / static_cast<double>(n); };
  Json json{{"benchmark", benchmark}, {"n", n}};
  if (loss) {
    json.update(Json{{"loss", *loss}, {"perplexity", std::exp(*loss)}, {"tokens", tokens}});
  } else {
    json.update(Json{{"correct", correct}, {"accuracy", accuracy()}, {"stderr", standard_error()}});
  }
  if (correct_normalised) {
    json.update(Json{{"correct_normalised", *correct_normalised}, {"accuracy_normalised", share(*correct_normalised)}});
  } else if (!loss) {
    json.update(Json{{"correct_strict", correct_strictly},
                     {"accuracy_strict", share(correct_strictly)},
                     {"disagreements", disagreements.size()},
                     {"disagreement_rows", Json::array()}});
    for (const size_t row : disagreements) json["disagreement_rows"].push_back(row + 1);
  }
  json["truncated"] = truncated;
  json["rows_computed"] = computed;
  json["seconds"] = seconds;
  json["tokens_per_second"] = seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  json["rows_per_second"] = seconds > 0 ? static_cast<double>(computed) / seconds : 0;
  return json;
}

TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file) {
  TaskResult result;
  result.benchmark = prepared.task->name;
  result.n = static_cast<int64_t>(prepared.count());
  result.truncated = prepared.truncated_count();
  const auto start = Clock::now();
  if (prepared.task->verdict == Verdict::loss) {
    measure_loss(model, prepared.examples, options, progress, result);
  } else {
    score_rows(model, *tokenizer, prepared, options, progress, progress_file, result);
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace hyplora

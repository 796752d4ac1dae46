#include "eval/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "eval/interval.h"
#include "generate/stop_strings.h"
#include "model/finite.h"
#include "model/pack.h"

namespace hyplora {
namespace {

using Clock = std::chrono::steady_clock;

RowRecord record_of(const PreparedTask& prepared, size_t row) {
  const Row& from = prepared.rows[row];
  RowRecord record;
  record.instruction = from.instruction;
  record.input = from.input;
  record.answer = from.answer.value_or("");
  record.prompt = prepared.texts[row];
  record.truncated = prepared.truncated[row];
  return record;
}

RowRecord completion_record(const PreparedTask& prepared, size_t row, const std::string& completion, size_t tokens) {
  RowRecord record = record_of(prepared, row);
  record.output_pred = completion;
  record.judgement = judge(*prepared.task, prepared.rows[row], completion);
  record.strict = judge_strictly(*prepared.task, prepared.rows[row], completion);
  record.tokens = static_cast<int64_t>(tokens);
  return record;
}

/// The alternative with the largest sum of log-probabilities counts; the one with the largest sum per token stands beside it.
RowRecord likelihood_record(const PreparedTask& prepared, size_t row, const std::vector<Completion>& scored) {
  RowRecord record = record_of(prepared, row);
  auto& scores = record.log_likelihood;
  for (size_t i = 0; i < scored.size(); ++i) {
    const size_t tokens = scored[i].ids.size();
    scores.push_back({prepared.alternatives[row][i], scored[i].score, scored[i].score / static_cast<double>(tokens)});
    record.tokens += static_cast<int64_t>(tokens);
  }
  size_t best = 0, best_normalised = 0;
  for (size_t i = 1; i < scores.size(); ++i) {
    if (scores[i].sum > scores[best].sum) best = i;
    if (scores[i].per_token > scores[best_normalised].per_token) best_normalised = i;
  }
  const auto judged = [&](const std::string& name) { return Judgement{name, name == *prepared.rows[row].answer}; };
  record.output_pred = stated(*prepared.task, scores[best].name);
  record.judgement = judged(scores[best].name);
  record.normalised = judged(scores[best_normalised].name);
  return record;
}

void count(size_t row, const RowRecord& record, TaskResult& result) {
  const bool right = record.judgement.correct;
  result.correct += right;
  if (record.normalised) result.correct_normalised = result.correct_normalised.value_or(0) + record.normalised->correct;
  if (!record.strict) return;
  result.correct_strictly += record.strict->correct;
  if (right != record.strict->correct) result.disagreements.push_back(row);
}

/// One benchmark: the rows that are not done yet are dealt out to the group's processes, one by one; rank 0 puts together what
/// all of them made.
class Scoring {
 public:
  Scoring(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared, const EvaluateOptions& options,
          const OnProgress& progress, ProgressFile* file)
      : model_(model), tokenizer_(tokenizer), prepared_(prepared), options_(options), progress_(progress), file_(file) {
    if (file != nullptr) records_ = file->done();
    std::erase_if(records_, [&](const auto& kept) { return !fits(kept.first, kept.second); });
    for (const auto& [row, record] : records_) correct_ += is_right(record);
  }

  TaskResult run() {
    const auto start = Clock::now();
    deal();
    if (is_loss()) {
      measure();
    } else {
      score();
    }
    const bool interrupted = computed_ < static_cast<int64_t>(mine_.size());
    collect();
    TaskResult result = is_loss() ? mean_loss() : verdicts();
    result.benchmark = prepared_.task->name;
    result.verdict = prepared_.task->verdict;
    result.n = static_cast<int64_t>(prepared_.count());
    result.truncated = prepared_.truncated_count();
    result.interrupted = options_.group->any(interrupted);
    result.computed = computed_;
    result.computed_tokens = tokens_;
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
  }

 private:
  bool is_loss() const { return prepared_.task->measures_loss(); }

  /// A record of a progress file that somebody else wrote may be of other rows or of another kind.
  bool fits(size_t row, const Record& record) const {
    const std::set<size_t> rows = rows_of({{row, record}});
    return std::holds_alternative<LossRecord>(record) == is_loss() && rows.count(row) == 1 &&
           *rows.rbegin() < prepared_.count();
  }

  /// What is done is what rank 0 has; each takes its share of the rest.
  void deal() {
    Group& group = *options_.group;
    earlier_ = group.from_first([&] { return Json(rows_of(records_)); }).get<std::set<size_t>>();
    int position = 0;
    for (size_t row = 0; row < prepared_.count(); ++row) {
      if (earlier_.count(row) == 0 && position++ % group.size() == group.rank()) mine_.push_back(row);
    }
  }

  void score() {
    DecodeControl control;
    control.stop_ids = options_.stop_ids;
    control.interrupted = options_.interrupted;
    for (size_t row = 0; row < prepared_.count(); ++row) control.skipped.insert(row);
    for (const size_t row : mine_) control.skipped.erase(row);
    StopWatch watch(*tokenizer_, options_.stops);
    if (!options_.stops.empty()) control.ends_here = [&](size_t row, const Ids& made) { return watch.sees(row, made); };
    if (options_.by_likelihood()) control.alternatives = &prepared_.alternative_ids;
    decode(model_, prepared_.prompts, options_.decode, control, [&](size_t row, const std::vector<Completion>& completions) {
      watch.forget(row);
      keep(row, record_of_completions(row, completions));
    });
  }

  RowRecord record_of_completions(size_t row, const std::vector<Completion>& completions) const {
    if (options_.by_likelihood()) return likelihood_record(prepared_, row, completions);
    const Ids& made = completions.front().ids;
    return completion_record(prepared_, row, before_stop(tokenizer_->decode(made), options_.stops), made.size());
  }

  void measure() {
    const auto batch_size = static_cast<size_t>(options_.decode.batch_size);
    for (size_t begin = 0; begin < mine_.size(); begin += batch_size) {
      if (options_.interrupted && options_.interrupted()) return;
      const std::vector<size_t> rows(mine_.begin() + static_cast<std::ptrdiff_t>(begin),
                                     mine_.begin() + static_cast<std::ptrdiff_t>(std::min(begin + batch_size, mine_.size())));
      std::vector<const Example*> batch;
      batch.reserve(rows.size());
      for (const size_t row : rows) batch.push_back(&prepared_.examples.examples[row]);
      const LossSum sum = finite_loss(model_, batch);
      keep(rows.front(), LossRecord{rows, sum.loss, sum.tokens});
    }
  }

  void keep(size_t row, const Record& record) {
    tokens_ += tokens_of(record);
    correct_ += options_.group->size() * static_cast<int64_t>(is_right(record));
    if (file_ != nullptr) file_->add(row, record);
    computed_ += static_cast<int64_t>(rows_of({{row, record}}).size());
    records_[row] = record;
    // The others are taken to be as far and as right.
    const int64_t done = std::min(static_cast<int64_t>(earlier_.size()) + computed_ * options_.group->size(),
                                  static_cast<int64_t>(prepared_.count()));
    progress_(done, std::min(correct_, done));
  }

  /// Binary, so that text arrives as it is, valid or not.
  void collect() {
    Group& group = *options_.group;
    Json sent = Json::array();
    if (!group.first()) {
      for (const auto& [row, record] : records_) {
        if (earlier_.count(row) == 0) sent.push_back({row, to_json(record)});
      }
    }
    const std::vector<uint8_t> bytes = Json::to_msgpack(sent);
    const auto all = group.gather({bytes.begin(), bytes.end()});
    for (size_t rank = 1; rank < all.size(); ++rank) {
      for (const Json& pair : Json::from_msgpack(all[rank])) {
        if (auto record = record_from(pair[1])) records_[pair[0].get<size_t>()] = std::move(*record);
      }
    }
    tokens_ = group.sum(tokens_);
    computed_ = group.sum(computed_);
  }

  TaskResult verdicts() const {
    TaskResult result;
    result.records = std::vector<Json>(prepared_.rows.size());
    for (const auto& [row, record] : records_) {
      count(row, std::get<RowRecord>(record), result);
      result.records[row] = to_json(record);
    }
    return result;
  }

  TaskResult mean_loss() const {
    LossSum sum;
    for (const auto& [row, record] : records_) sum += {std::get<LossRecord>(record).loss, std::get<LossRecord>(record).tokens};
    TaskResult result;
    result.loss = sum.mean();
    result.tokens = sum.tokens;
    return result;
  }

  const Transformer& model_;
  const Tokenizer* tokenizer_;
  const PreparedTask& prepared_;
  const EvaluateOptions& options_;
  const OnProgress& progress_;
  ProgressFile* file_;
  Records records_;
  std::set<size_t> earlier_;                         // rows of an earlier run
  std::vector<size_t> mine_;                         // rows for this process
  int64_t computed_ = 0, tokens_ = 0, correct_ = 0;  // correct_: with the others', as far as can be told
};

}  // namespace

double TaskResult::standard_error() const { return std::sqrt(accuracy() * (1 - accuracy()) / static_cast<double>(n)); }

Json TaskResult::to_json() const {
  const auto share = [&](int64_t right) { return static_cast<double>(right) / static_cast<double>(n); };
  Json json{{"benchmark", benchmark}, {"n", n}, {"verdict", verdict->description()}};
  if (loss) {
    json.update(Json{{"loss", *loss}, {"perplexity", std::exp(*loss)}, {"tokens", tokens}});
  } else {
    const auto [low, high] = wilson_interval(correct, n);
    json.update(Json{{"correct", correct},
                     {"accuracy", accuracy()},
                     {"stderr", standard_error()},
                     {"accuracy_low", low},
                     {"accuracy_high", high}});
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
  json["tokens_per_second"] = seconds > 0 ? static_cast<double>(computed_tokens) / seconds : 0;
  json["rows_per_second"] = seconds > 0 ? static_cast<double>(computed) / seconds : 0;
  return json;
}

TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file) {
  return Scoring(model, tokenizer, prepared, options, progress, progress_file).run();
}

}  // namespace hyplora

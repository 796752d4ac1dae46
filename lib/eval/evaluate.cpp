#include "eval/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "generate/stop_strings.h"
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

/// One benchmark: the rows that are not done yet are dealt out to the group's processes, one by one; rank 0 puts together what
/// all of them made.
class Scoring {
 public:
  Scoring(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared, const EvaluateOptions& options,
          const OnProgress& progress, ProgressFile* file)
      : model_(model), tokenizer_(tokenizer), prepared_(prepared), options_(options), progress_(progress), file_(file) {
    if (file != nullptr) records_ = file->done();
    records_.erase(records_.lower_bound(prepared.count()), records_.end());
    for (const auto& [row, record] : records_) correct_ += record.value("flag", false);
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
    result.n = static_cast<int64_t>(prepared_.count());
    result.truncated = prepared_.truncated_count();
    result.interrupted = options_.group->any(interrupted);
    result.computed = computed_;
    result.computed_tokens = tokens_;
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
  }

 private:
  bool is_loss() const { return prepared_.task->verdict == Verdict::loss; }

  /// What is done is what rank 0 has; each takes its share of the rest.
  void deal() {
    Group& group = *options_.group;
    const auto told = group.all_gather(group.first() ? Json(rows_of(records_)).dump() : "");
    earlier_ = Json::parse(told[0]).get<std::set<size_t>>();
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
      keep(row, record_of_completions(row, completions), 1);
    });
  }

  Json record_of_completions(size_t row, const std::vector<Completion>& completions) const {
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
      for (const size_t row : rows) batch.push_back(&prepared_.examples.examples[row]);
      const LossSum sum = summed_loss(model_, batch);
      keep(rows.front(), {{"rows", rows}, {"loss", sum.loss}, {"tokens", sum.tokens}}, static_cast<int64_t>(rows.size()));
    }
  }

  void keep(size_t row, Json record, int64_t rows) {
    tokens_ += record["tokens"].get<int64_t>();
    correct_ += options_.group->size() * static_cast<int64_t>(record.value("flag", false));
    computed_ += rows;
    if (file_ != nullptr) file_->add(row, record);
    records_[row] = std::move(record);
    // The others are taken to be as far and as right.
    const int64_t done = std::min(static_cast<int64_t>(earlier_.size()) + computed_ * options_.group->size(),
                                  static_cast<int64_t>(prepared_.count()));
    progress_(done, std::min(correct_, done));
  }

  /// Binary, so that text arrives as it is, valid or not.
  void collect() {
    Json sent{{"tokens", tokens_}, {"computed", computed_}, {"records", Json::array()}};
    if (!options_.group->first()) {
      for (const auto& [row, record] : records_) {
        if (earlier_.count(row) == 0) sent["records"].push_back({row, record});
      }
    }
    std::vector<uint8_t> bytes = Json::to_msgpack(sent);
    const auto all = options_.group->gather({bytes.begin(), bytes.end()});
    for (size_t rank = 1; rank < all.size(); ++rank) {
      Json received = Json::from_msgpack(all[rank]);
      tokens_ += received["tokens"].get<int64_t>();
      computed_ += received["computed"].get<int64_t>();
      for (Json& pair : received["records"]) records_[pair[0].get<size_t>()] = std::move(pair[1]);
    }
  }

  TaskResult verdicts() {
    TaskResult result;
    result.records = std::vector<Json>(prepared_.rows.size());
    for (auto& [row, record] : records_) {
      count(row, record, result);
      result.records[row] = std::move(record);
    }
    return result;
  }

  TaskResult mean_loss() const {
    LossSum sum;
    for (const auto& [row, record] : records_) sum += {record["loss"].get<double>(), record["tokens"].get<int64_t>()};
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
  json["tokens_per_second"] = seconds > 0 ? static_cast<double>(computed_tokens) / seconds : 0;
  json["rows_per_second"] = seconds > 0 ? static_cast<double>(computed) / seconds : 0;
  return json;
}

TaskResult evaluate(const Transformer& model, const Tokenizer* tokenizer, const PreparedTask& prepared,
                    const EvaluateOptions& options, const OnProgress& progress, ProgressFile* progress_file) {
  return Scoring(model, tokenizer, prepared, options, progress, progress_file).run();
}

}  // namespace hyplora

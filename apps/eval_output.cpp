#include "eval_output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/log.h"
#include "core/numbers.h"
#include "core/printable.h"
#include "eval/compare.h"
#include "eval/interval.h"
#include "eval/output_names.h"

namespace hyplora::apps {
namespace {

/// What the adapter of each entry is called. Entries of a resumed run come out of a file.
std::vector<std::string> names_of_adapters(const std::vector<Json>& results) {
  std::vector<std::string> adapters;
  for (const Json& entry : results) {
    const Json adapter = entry.value("adapter", Json());
    adapters.push_back(adapter.is_string() ? adapter.get<std::string>() : "");
  }
  std::vector<std::string> names = adapter_names(adapters);
  for (size_t i = 0; i < names.size(); ++i) {
    if (adapters[i].empty()) names[i] = "(base)";
  }
  return names;
}

std::string benchmark_of(const Json& entry) {
  const Json name = entry.value("benchmark", Json());
  return name.is_string() ? printable(name.get<std::string>()) : "?";
}

long count_in(const Json& entry, const char* key) { return static_cast<long>(number_in(entry, key).value_or(0)); }
double value_in(const Json& entry, const char* key) { return number_in(entry, key).value_or(NAN); }

std::string told(const Json& value) { return printable(shown(value)); }

/// The table's rows, under headings of their own for what is right or wrong and for losses.
class Columns {
 public:
  Columns(const std::vector<Json>& results, const std::vector<std::string>& adapters) {
    for (const Json& r : results) benchmark_ = std::max(benchmark_, static_cast<int>(benchmark_of(r).size()));
    for (const auto& name : adapters) adapter_ = std::max(adapter_, static_cast<int>(name.size()));
  }

  void head_of_scores() const {
    begin("benchmark", "adapter");
    std::printf(" %6s %8s %10s %14s %9s %9s %10s\n", "n", "correct", "accuracy", "95% interval", "strict", "rows/s",
                "tokens/s");
  }
  void head_of_losses() const {
    begin("benchmark", "adapter");
    std::printf(" %6s %10s %12s %9s %10s\n", "n", "loss", "perplexity", "rows/s", "tokens/s");
  }

  void score(const Json& r, const std::string& adapter) const {
    const std::string strict =
        r.contains("accuracy_strict") ? fmt::format("{:.1f}%", 100 * value_in(r, "accuracy_strict")) : "-";
    const auto [low, high] = wilson_interval(count_in(r, "correct"), count_in(r, "n"));
    const std::string interval = fmt::format("[{:.1f}, {:.1f}]", 100 * low, 100 * high);
    begin(benchmark_of(r), adapter);
    std::printf(" %6ld %8ld %9.1f%% %14s %9s %9.2f %10.0f\n", count_in(r, "n"), count_in(r, "correct"),
                100 * value_in(r, "accuracy"), interval.c_str(), strict.c_str(), value_in(r, "rows_per_second"),
                value_in(r, "tokens_per_second"));
    if (!r.contains("accuracy_normalised")) return;
    begin("", "");
    std::printf(" by log-likelihood a token: %.1f%%\n", 100 * value_in(r, "accuracy_normalised"));
  }
  void loss(const Json& r, const std::string& adapter) const {
    begin(benchmark_of(r), adapter);
    std::printf(" %6ld %10.5f %12.4f %9.2f %10.0f\n", count_in(r, "n"), value_in(r, "loss"), value_in(r, "perplexity"),
                value_in(r, "rows_per_second"), value_in(r, "tokens_per_second"));
  }

 private:
  void begin(const std::string& benchmark, const std::string& adapter) const {
    std::printf("%-*s %-*s", benchmark_, benchmark.c_str(), adapter_, adapter.c_str());
  }

  int benchmark_ = 14, adapter_ = 22;
};

void print_comparison(const std::string& name, const Comparison& c) {
  const auto percent = [&](int64_t right) { return 100.0 * static_cast<double>(right) / static_cast<double>(c.n); };
  std::printf("%-14s n %ld  A %.1f%%  B %.1f%%  B - A %+.1f%% [%+.1f, %+.1f]  only A %ld, only B %ld, McNemar p %.4g\n",
              name.c_str(), static_cast<long>(c.n), percent(c.right_a), percent(c.right_b), 100 * c.difference(), 100 * c.low,
              100 * c.high, static_cast<long>(c.only_a), static_cast<long>(c.only_b), c.p);
}

}  // namespace

void EvalProgress::started(const TaskStart& start) {
  status_.clear();
  task_ = start;
  begin_ = last_line_ = Clock::now();
  tenths_ = 10 * start.done / start.rows;
  log::info(
      "{} with {}: {} rows ({} done before, {} cut to fit the context), {} at a time of up to {} tokens, keys and values at "
      "most {:.1f} MiB",
      start.benchmark, start.adapter.empty() ? "no adapter" : start.adapter, start.rows, start.done, start.truncated,
      batch_size_, start.longest, static_cast<double>(start.cache_bytes) / (1 << 20));
}

void EvalProgress::advanced(int64_t done, int64_t correct) {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double rate = static_cast<double>(done - task_.done) / std::max(seconds, 1e-9);
  const double right = 100.0 * static_cast<double>(correct) / static_cast<double>(done);
  const std::string accuracy = task_.has_verdicts ? fmt::format("  {:.1f}% right", right) : "";
  const std::string text = fmt::format("{} {}/{}{}  {:.2f} rows/s  ETA {}", task_.benchmark, done, task_.rows, accuracy, rate,
                                       duration_text(static_cast<double>(task_.rows - done) / rate));
  if (done == task_.rows) {
    status_.clear();
  } else {
    status_.show(text);
  }
  const int64_t tenths = 10 * done / task_.rows;
  if (status_.live() || (tenths == tenths_ && now - last_line_ < std::chrono::seconds(30))) return;
  tenths_ = tenths;
  last_line_ = now;
  log::info("{}", text);
}

void print_table(const std::vector<Json>& results) {
  const std::vector<std::string> adapters = names_of_adapters(results);
  const Columns columns(results, adapters);
  for (const bool losses : {false, true}) {
    bool headed = false;
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].contains("loss") != losses) continue;
      if (!headed) losses ? columns.head_of_losses() : columns.head_of_scores();
      headed = true;
      losses ? columns.loss(results[i], adapters[i]) : columns.score(results[i], adapters[i]);
    }
  }
  for (size_t i = 0; i < results.size(); ++i) {
    const Json& r = results[i];
    if (const long cut = count_in(r, "truncated"); cut > 0) {
      std::printf("%s with %s: %ld rows were cut from %s\n", benchmark_of(r).c_str(), adapters[i].c_str(), cut,
                  r.contains("loss") ? "the right (--cutoff-len)" : "the left to fit the context");
    }
  }
}

void print_disagreements(const EvalOutcome& outcome) {
  const std::vector<std::string> adapters = names_of_adapters(outcome.results);
  for (size_t i = 0; i < outcome.results.size(); ++i) {
    const Json &entry = outcome.results[i], &records = outcome.records[i];
    if (!entry.value("disagreement_rows", Json()).is_array()) continue;
    for (const Json& number : entry["disagreement_rows"]) {
      std::printf("%s with %s, row %s:", benchmark_of(entry).c_str(), adapters[i].c_str(), told(number).c_str());
      const size_t row = number.is_number_unsigned() ? number.get<size_t>() - 1 : records.size();
      if (row < records.size()) {
        const Json& record = records[row];
        std::printf(" answer %s, the paper's reading %s, the stricter one %s", told(record["answer"]).c_str(),
                    told(record["pred"]).c_str(), told(record["pred_strict"]).c_str());
      }
      std::puts("");
    }
  }
}

void print_comparisons(const std::string& a, const std::string& b, uint64_t seed) {
  for (const RecordPair& pair : common_records(a, b)) {
    const Comparison c = compare(pair.a, pair.b, seed);
    print_comparison(printable(pair.benchmark), c);
    for (const size_t row : c.changed) {
      const auto told_of = [&](const Json& records, const char* key) { return told(records[row].value(key, Json())); };
      std::printf("  row %zu, only %s right: A %s, B %s, answer %s\n", row + 1, pair.a[row].value("flag", false) ? "A" : "B",
                  told_of(pair.a, "pred").c_str(), told_of(pair.b, "pred").c_str(), told_of(pair.a, "answer").c_str());
    }
  }
}

}  // namespace hyplora::apps

#include "eval_output.h"

#include <cstdio>

#include "core/log.h"
#include "eval/compare.h"

namespace hyplora::apps {
namespace {

std::string name_of_adapter(const Json& entry) {
  return entry["adapter"].is_null() ? "(base)" : adapter_name(entry["adapter"].get<std::string>());
}

std::string shown(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

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
  std::printf("%-14s %-22s %6s %8s %10s %8s %9s %9s %10s\n", "benchmark", "adapter", "n", "correct", "accuracy", "+-", "strict",
              "rows/s", "tokens/s");
  for (const auto& r : results) {
    const std::string name = r["benchmark"], adapter = name_of_adapter(r);
    const auto n = r["n"].get<long>();
    const double tokens = r["tokens_per_second"], rows = r["rows_per_second"];
    if (r.contains("loss")) {
      std::printf("%-14s %-22s %6ld loss %.5f, perplexity %.4f, %.0f tokens/s\n", name.c_str(), adapter.c_str(), n,
                  r["loss"].get<double>(), r["perplexity"].get<double>(), tokens);
      continue;
    }
    const std::string strict =
        r.contains("accuracy_strict") ? fmt::format("{:.1f}%", 100 * r["accuracy_strict"].get<double>()) : "-";
    std::printf("%-14s %-22s %6ld %8ld %9.1f%% %7.1f%% %9s %9.2f %10.0f\n", name.c_str(), adapter.c_str(), n,
                r["correct"].get<long>(), 100 * r["accuracy"].get<double>(), 100 * r["stderr"].get<double>(), strict.c_str(),
                rows, tokens);
    if (r.contains("accuracy_normalised")) {
      std::printf("%-14s %-22s by log-likelihood a token: %.1f%%\n", "", "", 100 * r["accuracy_normalised"].get<double>());
    }
  }
  for (const auto& r : results) {
    if (r["truncated"].get<int64_t>() > 0) {
      std::printf("%s with %s: %ld rows were cut from %s\n", r["benchmark"].get<std::string>().c_str(),
                  name_of_adapter(r).c_str(), r["truncated"].get<long>(),
                  r.contains("loss") ? "the right (--cutoff-len)" : "the left to fit the context");
    }
  }
}

void print_disagreements(const EvalOutcome& outcome) {
  for (size_t i = 0; i < outcome.results.size(); ++i) {
    const Json &entry = outcome.results[i], &records = outcome.records[i];
    if (!entry.contains("disagreement_rows")) continue;
    for (const Json& number : entry["disagreement_rows"]) {
      std::printf("%s with %s, row %s:", entry["benchmark"].get<std::string>().c_str(), name_of_adapter(entry).c_str(),
                  number.dump().c_str());
      const auto row = number.get<size_t>() - 1;
      if (row < records.size()) {
        const Json& record = records[row];
        std::printf(" answer %s, the paper's reading %s, the stricter one %s", shown(record["answer"]).c_str(),
                    shown(record["pred"]).c_str(), shown(record["pred_strict"]).c_str());
      }
      std::puts("");
    }
  }
}

void print_comparisons(const std::string& a, const std::string& b, uint64_t seed) {
  for (const RecordPair& pair : common_records(a, b)) {
    const Comparison c = compare(pair.a, pair.b, seed);
    print_comparison(pair.benchmark, c);
    for (const size_t row : c.changed) {
      const auto told = [&](const Json& records, const char* key) { return shown(records[row].value(key, Json())); };
      std::printf("  row %zu, only %s right: A %s, B %s, answer %s\n", row + 1, pair.a[row].value("flag", false) ? "A" : "B",
                  told(pair.a, "pred").c_str(), told(pair.b, "pred").c_str(), told(pair.a, "answer").c_str());
    }
  }
}

}  // namespace hyplora::apps

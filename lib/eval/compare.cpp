#include "eval/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "core/error.h"
#include "eval/record.h"

namespace hyplora {
namespace {

constexpr int resamplings = 10000;

RowVerdict verdict_of(const Json& record, size_t row) {
  if (auto verdict = verdict_from(record)) return std::move(*verdict);
  throw InputError("record {}: expected an object with \"flag\" true or false, as hyplora-eval writes it.", row + 1);
}

/// The percentiles of the mean of resampled differences.
std::pair<double, double> interval(const std::vector<int>& differences, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto n = differences.size();
  std::vector<double> means(resamplings);
  for (double& mean : means) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; ++i) sum += differences[random() % n];
    mean = static_cast<double>(sum) / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());
  return {means[resamplings * 25 / 1000], means[resamplings * 975 / 1000 - 1]};
}

/// By their paths inside the folder, without ending.
std::map<std::string, fs::path> record_files(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json" || entry.path().filename() == "results.json") continue;
    files[fs::relative(entry.path(), folder).replace_extension().string()] = entry.path();
  }
  return files;
}

}  // namespace

std::vector<RecordPair> common_records(const fs::path& a, const fs::path& b) {
  if (!fs::is_directory(a) && !fs::is_directory(b)) return {{a.stem().string(), read_json(a), read_json(b)}};
  for (const fs::path& place : {a, b}) {
    if (!fs::is_directory(place))
      throw InputError("--compare: {} is not a folder; give two folders, or two files.", place.string());
  }
  std::vector<RecordPair> pairs;
  const auto files_a = record_files(a), files_b = record_files(b);
  for (const auto& [name, file] : files_a) {
    const auto other = files_b.find(name);
    if (other == files_b.end()) continue;
    RecordPair pair{name, read_json(file), read_json(other->second)};
    if (pair.a.is_array() && pair.b.is_array()) pairs.push_back(std::move(pair));  // else it is some other file
  }
  if (pairs.empty()) throw InputError("--compare: {} and {} hold no benchmark in common.", a.string(), b.string());
  return pairs;
}

double mcnemar_p(int64_t first, int64_t second) {
  const auto n = static_cast<double>(first + second);
  double tail = 0;
  for (int64_t i = 0; i <= std::min(first, second); ++i) {
    const auto k = static_cast<double>(i);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

Comparison compare(const Json& a, const Json& b, uint64_t seed) {
  if (!a.is_array() || !b.is_array() || a.empty() || a.size() != b.size()) {
    throw InputError("the two runs cannot be compared: found {} and {} records, expected as many, and some.", a.size(),
                     b.size());
  }
  Comparison c;
  c.n = static_cast<int64_t>(a.size());
  std::vector<int> differences;
  for (size_t i = 0; i < a.size(); ++i) {
    const RowVerdict of_a = verdict_of(a[i], i), of_b = verdict_of(b[i], i);
    const bool right_a = of_a.correct, right_b = of_b.correct;
    if (of_a.instruction != of_b.instruction || of_a.input != of_b.input) {
      throw InputError("the two runs cannot be compared: record {} is about another row.", i + 1);
    }
    c.right_a += right_a;
    c.right_b += right_b;
    c.only_a += right_a && !right_b;
    c.only_b += right_b && !right_a;
    if (right_a != right_b) c.changed.push_back(i);
    differences.push_back(static_cast<int>(right_b) - static_cast<int>(right_a));
  }
  std::tie(c.low, c.high) = interval(differences, seed);
  c.p = mcnemar_p(c.only_a, c.only_b);
  return c;
}

}  // namespace hyplora

// Two runs over the same rows, compared row by row.
//
//   interval   of the difference of accuracies: the 2.5 and 97.5 percentiles over 10,000 resamplings of rows (paired bootstrap;
//              Efron 1979)
//   p          McNemar's exact test (1947): of the rows that only one run got right, how likely is a split at least as uneven
#pragma once

#include <string>
#include <vector>

#include "io/files.h"

namespace hyplora {

struct Comparison {
  int64_t n = 0, right_a = 0, right_b = 0;
  int64_t only_a = 0, only_b = 0;  // rows that only one got right
  double low = 0, high = 0;        // of accuracy(b) - accuracy(a)
  double p = 1;
  std::vector<size_t> changed;  // the rows whose verdict differs

  double difference() const { return static_cast<double>(right_b - right_a) / static_cast<double>(n); }
};

/// Records as hyplora-eval writes them: arrays of objects with "flag", and with "instruction" and "input", which say about which row they
/// are. InputError when they are not about the same rows.
Comparison compare(const Json& a, const Json& b, uint64_t seed = 42);

/// Two runs' records of one benchmark.
struct RecordPair {
  std::string benchmark;
  Json a, b;
};
/// The records that two places hold in common: two files, or two folders with hyplora-eval's record files, also in the folders
/// of several adapters. InputError when there are none.
std::vector<RecordPair> common_records(const fs::path& a, const fs::path& b);

/// Two-sided, of `first` + `second` discordant rows.
double mcnemar_p(int64_t first, int64_t second);

}  // namespace hyplora

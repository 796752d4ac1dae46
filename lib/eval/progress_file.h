// Scored rows on disk as they come, so that a run that was killed goes on where it stopped: a JSONL file whose first line says
// what the run is and every other line is one row's index and record. Each process of a run has its own.
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "eval/record.h"
#include "io/files.h"

namespace hyplora {

/// All in which two descriptions of a run differ, as "settings/seed was 1, now it is 2"; nothing where they are equal.
std::optional<std::string> difference(const Json& before, const Json& now);

/// By row, counted from 0. The record of several rows stands at the first of them.
using Records = std::map<size_t, Record>;

/// All rows that these records are about.
std::set<size_t> rows_of(const Records& records);

class ProgressFile {
 public:
  /// A new file that begins with what is done. `run` identifies model, adapter, data and settings.
  ProgressFile(const fs::path& path, const Json& run, Records done);
  /// What an earlier run left: the lines that are whole and hold a record. InputError with what differs when that run was
  /// another.
  static Records read(const fs::path& path, const Json& run);

  const Records& done() const { return done_; }
  /// On disk when this returns, as far as the system's buffers go.
  void add(size_t row, const Record& record);

 private:
  fs::path path_;
  Records done_;
  std::ofstream file_;
};

}  // namespace hyplora

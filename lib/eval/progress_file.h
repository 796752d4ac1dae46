// Scored rows on disk as they come, so that a run that was killed goes on where it stopped: a JSONL file whose first line says
// what the run is and every other line is one row's index and record.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/files.h"

namespace hyplora {

/// Where two descriptions of a run differ, as "settings/seed was 1, now it is 2"; nothing where they are equal.
std::optional<std::string> difference(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now);

class ProgressFile {
 public:
  /// `run` identifies model, adapter, data and settings. With `resume`, rows of an earlier run are taken over, up to a last
  /// line that was cut off; InputError with what differs when that run was another. Without, an earlier file is written anew.
  ProgressFile(const fs::path& path, const nlohmann::ordered_json& run, bool resume);
  /// InputError when the file at `path` was written by another run; nothing where there is none.
  static void check(const fs::path& path, const nlohmann::ordered_json& run);

  const std::map<size_t, nlohmann::ordered_json>& done() const { return done_; }
  /// On disk when this returns, as far as the system's buffers go.
  void add(size_t row, const nlohmann::ordered_json& record);

 private:
  fs::path path_;
  std::map<size_t, nlohmann::ordered_json> done_;
  std::ofstream file_;
};

}  // namespace hyplora

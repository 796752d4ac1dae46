// Scored rows on disk as they come, so that a run that was killed goes on where it stopped: a JSONL file whose first line says
// what the run is and every other line is one row's index and record.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "io/files.h"

namespace hyplora {

class ProgressFile {
 public:
  /// `run` identifies model, adapter, data and settings. With `resume`, rows of an earlier run are taken over, up to a last
  /// line that was cut off; InputError when that run was another. Without, an earlier file is written anew.
  ProgressFile(const fs::path& path, const nlohmann::ordered_json& run, bool resume);

  const std::map<size_t, nlohmann::ordered_json>& done() const { return done_; }
  /// On disk when this returns, as far as the system's buffers go.
  void add(size_t row, const nlohmann::ordered_json& record);

 private:
  void read(const nlohmann::ordered_json& run);

  fs::path path_;
  std::map<size_t, nlohmann::ordered_json> done_;
  std::ofstream file_;
};

}  // namespace hyplora

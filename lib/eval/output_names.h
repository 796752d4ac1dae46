// Names inside an evaluation's output folder, settled before any work: one component each, that no terminal or file system
// stumbles over, and none taken twice.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace hyplora {

/// What the adapters of one run are called, in their order: the last part of a path, or "base" for an empty one. Where several would be
/// called the same, as many folders above as tell them apart stand before it: "first/checkpoint-30". Fit for a terminal; the same name
/// twice only for the same folder.
std::vector<std::string> adapter_names(const std::vector<std::string>& adapters);

/// A name as one component of a path, at most 100 bytes: neither hidden nor a path of its own.
std::string as_file_name(const std::string& name);

/// The names that are given out. They compare without regard to case, since some file systems do.
class OutputNames {
 public:
  /// `reserved`: files that stand there whatever the run.
  explicit OutputNames(std::set<std::string> reserved) : taken_(std::move(reserved)) {}

  /// The name, or with "-2", "-3", ... behind it where it is taken.
  std::string take(const std::string& name);

 private:
  std::set<std::string> taken_;
};

}  // namespace hyplora

// Names inside an evaluation's output folder, settled before any work: one component each, that no terminal or file system
// stumbles over, and none taken twice.
#pragma once

#include <set>
#include <string>

namespace hyplora {

/// The name under which an adapter's results are kept: the last part of its path with links and ".." resolved, or "base" for none.
std::string adapter_name(const std::string& adapter);

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

// Folders to write to: one that is filled as it stands, and one that appears whole: written aside, then renamed into place.
// Neither leaves an empty folder behind where a program ends without an output.
#pragma once

#include <optional>

#include "io/files.h"

namespace hyplora {

class WritableFolder {
 public:
  /// Makes the folder, and those above it that are not there. InputError as require_writable_folder.
  explicit WritableFolder(const fs::path& folder);
  /// Removes the folders that it made, where they are still empty.
  ~WritableFolder();
  WritableFolder(const WritableFolder&) = delete;
  WritableFolder& operator=(const WritableFolder&) = delete;

 private:
  std::vector<fs::path> made_;  // the innermost first
};

class OutputFolder {
 public:
  /// InputError: `target` is a file, or holds something and `force` is not given, or it is, or holds, one of the folders in
  /// `sources`, which would be lost.
  OutputFolder(const fs::path& target, bool force, const std::vector<fs::path>& sources);
  /// Removes what was not put into place, and the folders that were made for it.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write.
  const fs::path& aside() const { return aside_; }
  /// Replaces `target`. RunError when the disk refuses.
  void put_into_place();

 private:
  fs::path target_, aside_;
  std::optional<WritableFolder> folder_;  // aside_
};

}  // namespace hyplora

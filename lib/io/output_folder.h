// A folder that appears whole: written aside, then renamed into place.
#pragma once

#include "io/files.h"

namespace hyplora {

class OutputFolder {
 public:
  /// InputError: `target` is a file, or holds something and `force` is not given, or it is, or holds, one of the folders in
  /// `sources`, which would be lost.
  OutputFolder(const fs::path& target, bool force, const std::vector<fs::path>& sources);
  /// Removes what was not put into place.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write.
  const fs::path& aside() const { return aside_; }
  /// Replaces `target`. RunError when the disk refuses.
  void put_into_place();

 private:
  fs::path target_, aside_;
};

}  // namespace hyplora

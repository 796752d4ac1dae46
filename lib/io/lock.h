// One writer per folder: a lock file in it that the kernel lets go when its process ends, however it ends.
#pragma once

#include "io/files.h"

namespace hyplora {

class FolderLock {
 public:
  /// InputError that names the folder and the holder when another process (or another lock of this one) holds it.
  explicit FolderLock(const fs::path& folder, const std::string& name = ".hyplora.lock");
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace hyplora

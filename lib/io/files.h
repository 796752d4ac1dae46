// Files whole: reading, memory-mapping, and writing in such a way that a reader sees the old content or the new, never half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace hyplora {

namespace fs = std::filesystem;

/// The bytes of a file, or all that comes out of a pipe (io/pipes.h). InputError when it cannot be opened or read.
std::string read_file(const fs::path& path);

/// A JSON file, as core/json.h reads it. InputError with the line when it is malformed.
Json read_json(const fs::path& path);

/// Where a file is written before it is renamed into place.
inline fs::path aside_of(const fs::path& path) { return path.string() + ".partial"; }

/// Written aside, fsynced, read back, renamed into place. RunError (disk full, ...) leaves what was there; InputError: a device
/// or a pipe.
void write_file(const fs::path& path, std::string_view bytes);
/// The same with the content in pieces, without joining them.
void write_file(const fs::path& path, const std::vector<std::string_view>& pieces);

/// Makes the folder and proves that files can be made in it. InputError otherwise.
void require_writable_folder(const fs::path& folder);

/// fsync of a folder, so that renames in it survive a crash. RunError when it cannot be done.
void sync_folder(const fs::path& folder);

/// Puts the folder `aside` where `final` is, in one step where the file system can exchange two names; what stood there goes.
void replace_folder(const fs::path& aside, const fs::path& final);

/// A file that grows; what was appended outlives a killed process, and a crashed machine from the next sync on.
class AppendFile {
 public:
  /// Opens or makes the file. This and the other calls throw RunError when the disk refuses.
  explicit AppendFile(const fs::path& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view bytes);
  void sync();

 private:
  fs::path path_;
  int fd_;
};

/// A read-only memory map of a whole file; unmapped with the last owner.
class MappedFile {
 public:
  /// InputError when the file is missing, unreadable or not a regular file.
  static std::shared_ptr<MappedFile> open(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  /// Lets the pages of [begin, end) go; they are read again from the file when they are touched.
  void release(size_t begin, size_t end) const;

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  size_t size_;
};

}  // namespace hyplora

#include "io/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "io/mapped_files.h"
#include "io/pipes.h"

namespace hyplora {
namespace {

/// Closes its file descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd);
  }

 private:
  int fd_;
};

std::string reason() { return std::strerror(errno); }

int open_to_read(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe that nobody writes to yet
  if (fd < 0) throw InputError("{}: cannot be read: {}.", path.string(), reason());
  return fd;
}

bool is_stream(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode) || S_ISSOCK(info.st_mode));
}

size_t size_of(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw InputError("{}: cannot be read: {}.", path.string(), reason());
  if (S_ISDIR(info.st_mode)) throw InputError("{}: found a folder, expected a file.", path.string());
  if (!S_ISREG(info.st_mode))
    throw InputError("{}: found a pipe or a device, expected a regular file, since it is read in any order.", path.string());
  return static_cast<size_t>(info.st_size);
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw RunError("{}: cannot be written: {}.", path.string(), reason());
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void write_pieces_aside(const fs::path& aside, const std::vector<std::string_view>& pieces) {
  Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) throw RunError("{}: cannot be written: {}.", aside.string(), reason());
  for (const auto piece : pieces) write_all(file.get(), piece, aside);
  if (::fsync(file.get()) != 0 || file.close() != 0) throw RunError("{}: cannot be written: {}.", aside.string(), reason());
}

/// Reads a synced file back, from the disk where the system lets its copy in memory go, and compares it with what was written,
/// so that a file is only renamed into place when it is whole.
void check_pieces(const fs::path& path, const std::vector<std::string_view>& pieces) {
  const Descriptor file(open_to_read(path));
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  std::string buffer(size_t{1} << 20, '\0');
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const ssize_t got = ::read(file.get(), buffer.data(), std::min(buffer.size(), piece.size()));
      if (got < 0 && errno == EINTR) continue;
      const auto bytes = static_cast<size_t>(std::max<ssize_t>(got, 0));
      if (bytes == 0 || std::memcmp(buffer.data(), piece.data(), bytes) != 0) {
        throw RunError("{}: what was read back differs from what was written; the disk may be failing.", path.string());
      }
      piece.remove_prefix(bytes);
    }
  }
  if (::read(file.get(), buffer.data(), 1) != 0) {
    throw RunError("{}: what was read back is longer than what was written; the disk may be failing.", path.string());
  }
}

}  // namespace

std::string read_file(const fs::path& path) {
  const Descriptor file(open_to_read(path));
  if (is_stream(file.get())) return read_to_end(file.get(), path);
  std::string bytes(size_of(file.get(), path), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw InputError("{}: cannot be read past byte {} of {}.", path.string(), done, bytes.size());
    done += static_cast<size_t>(got);
  }
  return bytes;
}

Json read_json(const fs::path& path) {
  const std::string text = read_file(path);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw InputError("{}: the file is empty, expected a JSON value.", path.string());
  }
  return parse_json(text, path.string());
}

void write_file(const fs::path& path, std::string_view bytes) { write_file(path, std::vector<std::string_view>{bytes}); }

void write_file(const fs::path& path, const std::vector<std::string_view>& pieces) {
  if (fs::is_other(path)) {  // the rename would put a file in the place of /dev/null
    throw InputError("{}: found a device or a pipe, expected the name of a file, which is replaced.", path.string());
  }
  const fs::path aside = aside_of(path);
  try {
    write_pieces_aside(aside, pieces);
    check_pieces(aside, pieces);
    if (::rename(aside.c_str(), path.c_str()) != 0) throw RunError("{}: cannot be written: {}.", path.string(), reason());
  } catch (const Error&) {
    ::unlink(aside.c_str());
    throw;
  }
  sync_folder(path.parent_path().empty() ? "." : path.parent_path());
}

void require_writable_folder(const fs::path& folder) {
  std::error_code failed, unreadable;
  fs::create_directories(folder, failed);
  if (!fs::is_directory(folder, unreadable)) {
    throw InputError("{}: the output folder cannot be made: {}.", folder.string(),
                     failed ? failed.message() : "a file is there");
  }
  const fs::path probe = folder / ".hyplora-write-test";
  const Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) throw InputError("{}: the output folder is not writable: {}.", folder.string(), reason());
  ::unlink(probe.c_str());
}

void sync_folder(const fs::path& folder) {
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool synced = handle.get() >= 0 && (::fsync(handle.get()) == 0 || errno == EINVAL);  // EINVAL: no such thing there
  if (!synced) throw RunError("{}: the folder cannot be synced: {}.", folder.string(), reason());
}

void replace_folder(const fs::path& aside, const fs::path& final) {
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, final.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(aside);
    return;
  }
  if (errno == ENOENT) return fs::rename(aside, final);
  const fs::path old =
      final.string() + ".hyplora-old";  // a file system that cannot exchange: the old one is there all the time
  fs::remove_all(old);
  fs::rename(final, old);
  fs::rename(aside, final);
  fs::remove_all(old);
}

AppendFile::AppendFile(const fs::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw RunError("{}: cannot be written: {}.", path.string(), reason());
}

AppendFile::~AppendFile() { ::close(fd_); }

void AppendFile::append(std::string_view bytes) { write_all(fd_, bytes, path_); }

void AppendFile::sync() {
  if (::fsync(fd_) != 0) throw RunError("{}: cannot be written: {}.", path_.string(), reason());
}

std::shared_ptr<MappedFile> MappedFile::open(const fs::path& path) {
  const Descriptor file(open_to_read(path));
  const size_t size = size_of(file.get(), path);
  void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED && errno == ENOMEM)
      throw RunError("{}: out of memory: {} bytes of addresses cannot be had to map it.", path.string(), size);
    if (data == MAP_FAILED) throw InputError("{}: cannot be mapped into memory: {}.", path.string(), reason());
    note_map(data, size, path.string());
  }
  return std::shared_ptr<MappedFile>(new MappedFile(static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  forget_map(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(size_t begin, size_t end) const {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t first = (begin + page - 1) / page * page, last = end / page * page;
  if (first < last) ::madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
}

}  // namespace hyplora

// Preloaded (LD_PRELOAD) into a program under test: hits it at a chosen change of the file system. HYPLORA_FAULT is
// KIND:N or KIND:N:PART, where only files and folders count whose path holds PART. Changes are: a file opened for writing,
// write, fsync, rename, symlink, removal, new folder.
//   kill:N    SIGKILL just before the N-th change         full:N    from the N-th write on, the disk is full
//   term:N    SIGTERM just before the N-th change         short:N   no write takes more than N bytes
//   flip:N    the N-th write stores one bit wrong and reports success
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>

namespace {

std::atomic<long> changes{0}, writes{0};

struct Fault {
  std::string kind, part;
  long number = 0;
};

const Fault& asked() {
  static const Fault fault = [] {
    const char* given = getenv("HYPLORA_FAULT");
    const std::string text = given != nullptr ? given : "";
    const size_t colon = text.find(':'), second = text.find(':', colon + 1);
    if (colon == text.npos) return Fault{};
    return Fault{text.substr(0, colon), second == text.npos ? "" : text.substr(second + 1), atol(text.c_str() + colon + 1)};
  }();
  return fault;
}

/// N of a fault of this kind, 0 where another or none was asked for.
long asked(const char* kind) { return asked().kind == kind ? asked().number : 0; }

bool counts(const std::string& path) { return path.find(asked().part) != path.npos; }

void change(const std::string& path) {
  static const long kill = asked("kill"), term = asked("term");
  if (!counts(path)) return;
  const long now = ++changes;
  if (now == kill) raise(SIGKILL);
  if (now == term) raise(SIGTERM);
}

std::string path_of(int fd) {
  char path[4096];
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return {path, static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_file(int fd) {
  struct stat info {};
  return fd > 2 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_CREAT) != 0) change(path);
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return real(path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  static const long full = asked("full"), most = asked("short"), flip = asked("flip");
  if (!is_file(fd)) return real(fd, bytes, size);
  const std::string path = path_of(fd);
  change(path);
  const long now = counts(path) ? ++writes : 0;
  if (full > 0 && now >= full) {
    errno = ENOSPC;
    return -1;
  }
  if (flip > 0 && now == flip && size > 0) {
    std::string wrong(static_cast<const char*>(bytes), size);
    wrong[size / 2] = static_cast<char>(wrong[size / 2] ^ 1);
    return real(fd, wrong.data(), size);
  }
  return real(fd, bytes, most > 0 ? std::min(size, static_cast<size_t>(most)) : size);
}

int fsync(int fd) {
  change(path_of(fd));
  return next<int (*)(int)>("fsync")(fd);
}

int rename(const char* from, const char* to) noexcept {
  change(from);
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  change(from);
  return next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int symlink(const char* target, const char* path) noexcept {
  change(path);
  return next<int (*)(const char*, const char*)>("symlink")(target, path);
}

int remove(const char* path) noexcept {
  change(path);
  return next<int (*)(const char*)>("remove")(path);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  change(path);
  return next<int (*)(int, const char*, int)>("unlinkat")(folder, path, flags);
}

int mkdir(const char* path, mode_t mode) noexcept {
  change(path);
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}
}

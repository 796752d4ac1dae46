// Preloaded (LD_PRELOAD) into a program under test: hits it at a chosen change of the file system. HYPLORA_FAULT is one of
//   kill:N    SIGKILL just before the N-th change (a file opened for writing, write, fsync, rename, symlink, removal, new
//   folder) full:N    from the N-th write on, the disk is full short:N   no write takes more than N bytes
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

namespace {

std::atomic<long> changes{0}, writes{0};

/// The number of a fault of this kind, 0 where another or none was asked for.
long asked(const char* kind) {
  const char* text = getenv("HYPLORA_FAULT");
  const size_t length = strlen(kind);
  return text != nullptr && strncmp(text, kind, length) == 0 && text[length] == ':' ? atol(text + length + 1) : 0;
}

void change() {
  static const long last = asked("kill");
  if (++changes == last) raise(SIGKILL);
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
  if ((flags & O_CREAT) != 0) change();
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return real(path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  static const long full = asked("full"), most = asked("short");
  if (!is_file(fd)) return real(fd, bytes, size);
  change();
  if (full > 0 && ++writes >= full) {
    errno = ENOSPC;
    return -1;
  }
  return real(fd, bytes, most > 0 ? std::min(size, static_cast<size_t>(most)) : size);
}

int fsync(int fd) {
  change();
  return next<int (*)(int)>("fsync")(fd);
}

int rename(const char* from, const char* to) noexcept {
  change();
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  change();
  return next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int symlink(const char* target, const char* path) noexcept {
  change();
  return next<int (*)(const char*, const char*)>("symlink")(target, path);
}

int remove(const char* path) noexcept {
  change();
  return next<int (*)(const char*)>("remove")(path);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  change();
  return next<int (*)(int, const char*, int)>("unlinkat")(folder, path, flags);
}

int mkdir(const char* path, mode_t mode) noexcept {
  change();
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}
}

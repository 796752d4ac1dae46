#include "io/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

std::string holder(int fd) {
  std::array<char, 400> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return got > 0 ? std::string(text.data(), static_cast<size_t>(got)) : "another process";
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / name;
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) throw InputError("{}: cannot be written: {}.", path.string(), std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      const std::string who = holder(fd_);
      ::close(fd_);
      throw InputError("{}: another run ({}) is writing into this folder; wait for its end or choose another one.",
                       folder.string(), who);
    }
    log::warn("{}: this file system has no locks; nothing keeps a second run out of the folder", folder.string());
    return;
  }
  const std::string who = this_process();  // only for the other's message: whether it is written or not matters little
  if (::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, who.data(), who.size(), 0) < 0) log::debug("{}: not written", path.string());
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace hyplora

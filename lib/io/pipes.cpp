#include "io/pipes.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr int wait_milliseconds = 200;          // between two questions whether to go on: as good as at once for who stops it
constexpr size_t most_bytes = size_t{4} << 30;  // /dev/zero has no end

std::function<void()>& pipe_poll() {
  static std::function<void()> poll = [] {};
  return poll;
}

/// Whether there is something to read, or the end.
bool is_ready(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, wait_milliseconds) > 0;
}

}  // namespace

void set_pipe_poll(std::function<void()> poll) { pipe_poll() = std::move(poll); }

std::string read_to_end(int fd, const fs::path& path) {
  std::string all;
  std::array<char, 1 << 16> piece{};
  while (true) {
    pipe_poll()();
    if (!is_ready(fd)) continue;
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got == 0) return all;
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw InputError("{}: cannot be read: {}.", path.string(), std::strerror(errno));
    all.append(piece.data(), static_cast<size_t>(got));
    if (all.size() > most_bytes) throw InputError("{}: found more than {} bytes and no end.", path.string(), most_bytes);
  }
}

}  // namespace hyplora

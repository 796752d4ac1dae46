// A group that meets through LibTorch's TCPStore (c10d), a table of keys and bytes that rank 0 or torchrun's agent serves. Its
// keys stand under the run's token (dist/launch.h), so that processes of other runs stay apart; who shall not read or write them
// must be kept off the port. Where all meet on a loopback address, nobody else is listened to.
// Exchange n: each sets "<n>/<rank>"; who is to get them all reads them; the last reader sets "<n>/read", and rank 0, whose
// store it may be, leaves last. A process that fails sets "failed", which ends the others' waiting.
#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <exception>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "dist/group.h"
#include "dist/pulse.h"
#include "dist/waiting.h"

namespace hyplora {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr std::chrono::seconds meeting_time(300);  // until the last process of a run is there
constexpr size_t largest_value = 4 << 20;          // the store's server closes the connection on more than 8 MiB at once

std::string first_line(const char* text) {
  const std::string all(text);
  return all.substr(0, all.find('\n'));
}

/// Runs `body`; what the store throws becomes a RunError.
template <class Body>
auto at_store(const LaunchInfo& info, Body body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    throw RunError("rank {} of {} at {}:{}: the others cannot be reached: {}", info.rank, info.size, info.address, info.port,
                   first_line(error.what_without_backtrace()));
  }
}

/// The store itself would try for minutes.
void require_known_host(const LaunchInfo& info) {
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(info.address.c_str(), nullptr, nullptr, &found);
  if (failed != 0) throw InputError("{}, where the processes are to meet: {}.", info.address, ::gai_strerror(failed));
  ::freeaddrinfo(found);
}

/// A socket that listens on the address itself where that is a loopback one; nothing otherwise.
std::optional<int> loopback_listener(const LaunchInfo& info) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(info.address.c_str(), std::to_string(info.port).c_str(), &wanted, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(a->ai_addr);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(a->ai_addr);
    const bool loopback = a->ai_family == AF_INET ? (ntohl(v4->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET
                                                  : a->ai_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    if (!loopback) continue;
    const int fd = ::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0) return fd;
    const std::string why = std::strerror(errno);
    ::close(fd);
    throw RunError("rank 0 cannot listen at {}:{}: {}.", info.address, info.port, why);
  }
  return std::nullopt;
}

c10::intrusive_ptr<c10d::Store> open_store(const LaunchInfo& info) {
  require_known_host(info);
  FLAGS_caffe2_log_level = 3;  // only fatal ones: what goes wrong is told once, by the exception
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(info.port);
  options.isServer = info.rank == 0 && !info.store_is_there;
  options.waitWorkers = false;  // strangers would be counted; who is there is written below, under the token
  if (options.isServer) options.masterListenFd = loopback_listener(info);
  auto store = c10::make_intrusive<c10d::TCPStore>(info.address, options);
  return c10::make_intrusive<c10d::PrefixStore>("hyplora/" + info.prefix, store);
}

class StoreGroup : public Group {
 public:
  explicit StoreGroup(const LaunchInfo& info)
      : Group(info.rank, info.size), info_(info), store_(at_store(info, [&] { return open_store(info); })) {
    at_store(info_, [&] {
      join();
      return 0;
    });
  }

  ~StoreGroup() override {
    if (!fails_alone()) return;
    try {
      store_->set("failed", std::to_string(rank()));
    } catch (const std::exception&) {
      // Whoever serves the store is gone, and with it those who wait there.
    }
  }

 private:
  /// Each once, and then all of them.
  void join() {
    const std::string seat = "here/" + std::to_string(rank());
    if (store_->add(seat, 1) != 1)
      throw InputError("rank {} of {} at {}:{}: another process has this rank.", rank(), size(), info_.address, info_.port);
    pulse_.emplace(store_, rank());
    Waiting waiting;
    const auto start = std::chrono::steady_clock::now();
    for (int other = 0; other < size(); ++other) {
      while (!store_->check({"here/" + std::to_string(other)})) {
        waiting.go_on(fmt::format("rank {} to come", other));
        if (std::chrono::steady_clock::now() - start > meeting_time)
          throw RunError("rank {} of {} has not come to {}:{} within {} s.", other, size(), info_.address, info_.port,
                         meeting_time.count());
        std::this_thread::sleep_for(Milliseconds(20));
      }
    }
  }

  std::vector<std::string> exchange(const std::string& mine, bool to_all) override {
    return at_store(info_, [&] { return exchange_at(std::to_string(count_++) + "/", mine, to_all); });
  }

  std::vector<std::string> exchange_at(const std::string& place, const std::string& mine, bool to_all) {
    put(place + std::to_string(rank()), mine);
    std::vector<std::string> all;
    for (int from = 0; from < size() && (to_all || first()); ++from) all.push_back(take(place + std::to_string(from), from));
    if (store_->add(place + "readers", 1) == size()) store_->set(place + "read", "1");
    if (first()) {
      wait_for(place + "read", std::nullopt);
      remove(place);
    }
    return all;
  }

  void put(const std::string& key, const std::string& bytes) {
    size_t parts = 0;
    for (size_t begin = 0; begin < bytes.size(); begin += largest_value, ++parts)
      store_->set(key + "." + std::to_string(parts), bytes.substr(begin, largest_value));
    store_->set(key, std::to_string(parts));
  }

  std::string take(const std::string& key, int from) {
    wait_for(key, from);
    std::string bytes;
    const int parts = std::stoi(store_->get_to_str(key));
    for (int part = 0; part < parts; ++part) bytes += store_->get_to_str(key + "." + std::to_string(part));
    return bytes;
  }

  /// Asks again and again, for as long as the others compute, unless one of them failed or died: the one that is waited for, or
  /// any.
  void wait_for(const std::string& key, std::optional<int> from) {
    Waiting waiting;
    auto looked = std::chrono::steady_clock::now();
    for (Milliseconds pause(1); !store_->check({key}); pause = std::min(2 * pause, Milliseconds(50))) {
      if (store_->check({"failed"})) {
        throw RunError("rank {} stops because rank {} failed.", rank(), store_->get_to_str("failed"));
      }
      waiting.go_on(from ? fmt::format("rank {}", *from) : "the other ranks");
      std::this_thread::sleep_for(pause);
      if (std::chrono::steady_clock::now() - looked < Milliseconds(500)) continue;
      for (int other = from.value_or(0); other < (from ? *from + 1 : size()); ++other) pulse_->require_alive(other);
      looked = std::chrono::steady_clock::now();
    }
  }

  void remove(const std::string& place) {
    for (int from = 0; from < size(); ++from) {
      const std::string key = place + std::to_string(from);
      const int parts = std::stoi(store_->get_to_str(key));
      for (int part = 0; part < parts; ++part) store_->deleteKey(key + "." + std::to_string(part));
      store_->deleteKey(key);
    }
  }

  LaunchInfo info_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::optional<Pulse> pulse_;
  int64_t count_ = 0;
};

}  // namespace

std::shared_ptr<Group> join_through_store(const LaunchInfo& info) { return std::make_shared<StoreGroup>(info); }

}  // namespace hyplora

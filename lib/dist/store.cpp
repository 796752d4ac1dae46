// A group that meets through LibTorch's TCPStore (c10d), a table of keys and bytes that rank 0 or torchrun's agent serves.
// Exchange n: each sets "<n>/<rank>"; who is to get them all reads them; the last reader sets "<n>/read", and rank 0, whose
// store it may be, leaves last. A process that fails sets "failed", which ends the others' waiting.
#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <netdb.h>

#include <exception>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "dist/group.h"

namespace hyplora {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr size_t largest_value = 4 << 20;  // the store's server closes the connection on more than 8 MiB at once

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

c10::intrusive_ptr<c10d::Store> open_store(const LaunchInfo& info) {
  require_known_host(info);
  FLAGS_caffe2_log_level = 3;  // only fatal ones: what goes wrong is told once, by the exception
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(info.port);
  options.isServer = info.rank == 0 && !info.store_is_there;
  if (!info.store_is_there) options.numWorkers = static_cast<size_t>(info.size);
  auto store = c10::make_intrusive<c10d::TCPStore>(info.address, options);
  return c10::make_intrusive<c10d::PrefixStore>("hyplora/" + info.prefix, store);
}

class StoreGroup : public Group {
 public:
  explicit StoreGroup(const LaunchInfo& info)
      : Group(info.rank, info.size), info_(info), store_(at_store(info, [&] { return open_store(info); })) {}

  ~StoreGroup() override {
    if (!fails_alone()) return;
    try {
      store_->set("failed", std::to_string(rank()));
    } catch (const std::exception&) {
      // Whoever serves the store is gone, and with it those who wait there.
    }
  }

 private:
  std::vector<std::string> exchange(const std::string& mine, bool to_all) override {
    return at_store(info_, [&] { return exchange_at(std::to_string(count_++) + "/", mine, to_all); });
  }

  std::vector<std::string> exchange_at(const std::string& place, const std::string& mine, bool to_all) {
    put(place + std::to_string(rank()), mine);
    std::vector<std::string> all;
    for (int from = 0; from < size() && (to_all || first()); ++from) all.push_back(take(place + std::to_string(from)));
    if (store_->add(place + "readers", 1) == size()) store_->set(place + "read", "1");
    if (first()) {
      wait_for(place + "read");
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

  std::string take(const std::string& key) {
    wait_for(key);
    std::string bytes;
    const int parts = std::stoi(store_->get_to_str(key));
    for (int part = 0; part < parts; ++part) bytes += store_->get_to_str(key + "." + std::to_string(part));
    return bytes;
  }

  /// Asks again and again, for as long as the others compute, unless one of them failed.
  void wait_for(const std::string& key) {
    for (Milliseconds pause(1); !store_->check({key}); pause = std::min(2 * pause, Milliseconds(50))) {
      if (store_->check({"failed"})) {
        throw RunError("rank {} stops because rank {} failed.", rank(), store_->get_to_str("failed"));
      }
      std::this_thread::sleep_for(pause);
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
  int64_t count_ = 0;
};

}  // namespace

std::shared_ptr<Group> join_through_store(const LaunchInfo& info) { return std::make_shared<StoreGroup>(info); }

}  // namespace hyplora

// Who of a run's processes still lives. Each writes a number that grows once a second into the store, from a thread of its own so
// that long work does not silence it; who waits for another looks at that one's.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace hyplora {

class Pulse {
 public:
  Pulse(c10::intrusive_ptr<c10d::Store> store, int rank);
  /// Tells the other processes that this one left on purpose.
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  /// RunError: that rank's process is gone (of this machine: at once), or has been silent for longer than the patience
  /// (HYPLORA_RANK_PATIENCE, seconds). One that left is not missed.
  void require_alive(int other);

 private:
  using Clock = std::chrono::steady_clock;
  struct Heard {
    std::string beat;
    Clock::time_point when;
  };

  void beat();

  c10::intrusive_ptr<c10d::Store> store_;
  int rank_;
  double patience_;
  std::map<int, Heard> heard_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace hyplora

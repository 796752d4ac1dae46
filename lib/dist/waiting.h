// Waiting for other processes hears signals: a wait ends 30 seconds after the first one (what the others compute may still
// arrive, and then all stop together), at once after a second.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace hyplora {

/// How many signals have asked the program to stop; told once by the program.
void set_signal_count(std::function<int()> count);

/// One wait that signals may end.
class Waiting {
 public:
  /// RunError when signals say that it has been long enough; `what` is named in it.
  void go_on(const std::string& what);

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> asked_;  // since when there is a signal
};

}  // namespace hyplora

// When a run has to stop by itself: max_hours after its start, or the end of its Slurm job (SLURM_JOB_END_TIME, seconds since
// 1970). It stops while the time is left that one more step and a save take, by the longest of the last ones:
//   reached  <=>  now + 1.2 step + 1.5 save >= end
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace hyplora {

class TimeLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// `max_hours` 0: none. `bytes_to_save` stands for the save's time until one was measured.
  TimeLimit(Clock::time_point started, double max_hours, int64_t bytes_to_save);

  void stepped(double seconds);
  void saved(double seconds);
  bool reached() const;
  /// What set the limit, for the log.
  const std::string& reason() const { return reason_; }

 private:
  void end_at(Clock::time_point end, const std::string& reason);

  std::optional<Clock::time_point> end_;
  std::string reason_;
  double step_seconds_ = 0, save_seconds_;
};

}  // namespace hyplora

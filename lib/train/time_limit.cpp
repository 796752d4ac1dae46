#include "train/time_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/log.h"

namespace hyplora {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double slow_disk = 100e6;      // bytes a second, until a save was measured
constexpr double slurm_leave = 5;        // seconds for the process to end in
constexpr double remembered_part = 0.9;  // of an earlier, longer time, with each new one

/// Seconds until the Slurm job's end; nothing outside such a job, or where the variable is a left-over of an ended one.
std::optional<double> slurm_seconds_left() {
  const char* text = std::getenv("SLURM_JOB_END_TIME");
  if (text == nullptr) return std::nullopt;
  const Seconds now = std::chrono::system_clock::now().time_since_epoch();
  const double left = std::strtod(text, nullptr) - now.count();
  if (left > 0) return left;
  log::warn("SLURM_JOB_END_TIME is {}, which is no time to come; it is not heeded", text);
  return std::nullopt;
}

}  // namespace

TimeLimit::TimeLimit(Clock::time_point started, double max_hours, int64_t bytes_to_save)
    : save_seconds_(static_cast<double>(bytes_to_save) / slow_disk) {
  const auto after = [](Clock::time_point from, double seconds) {
    return from + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  };
  if (max_hours > 0) end_at(after(started, std::min(max_hours, 1e5) * 3600), fmt::format("max_hours {}", max_hours));
  if (const auto left = slurm_seconds_left()) end_at(after(Clock::now(), *left - slurm_leave), "the end of the Slurm job");
}

void TimeLimit::end_at(Clock::time_point end, const std::string& reason) {
  if (end_ && *end_ <= end) return;
  end_ = end;
  reason_ = reason;
}

void TimeLimit::stepped(double seconds) { step_seconds_ = std::max(seconds, remembered_part * step_seconds_); }

void TimeLimit::saved(double seconds) { save_seconds_ = std::max(seconds, remembered_part * save_seconds_); }

bool TimeLimit::reached() const {
  return end_ &&
         Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(1.2 * step_seconds_ + 1.5 * save_seconds_)) >=
             *end_;
}

}  // namespace hyplora

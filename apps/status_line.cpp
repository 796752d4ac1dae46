#include "status_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "core/printable.h"

namespace hyplora::apps {

StatusLine::StatusLine(bool enabled) : live_(enabled && ::isatty(STDERR_FILENO) == 1) {}

void StatusLine::show(const std::string& line) {
  if (!live_) return;
  const std::string text = printable(line);
  const size_t padding = shown_ > text.size() ? shown_ - text.size() : 0;
  std::fprintf(stderr, "\r%s%s", text.c_str(), std::string(padding, ' ').c_str());
  std::fflush(stderr);
  shown_ = text.size();
}

void StatusLine::clear() {
  if (shown_ == 0) return;
  std::fprintf(stderr, "\r%s\r", std::string(shown_, ' ').c_str());
  std::fflush(stderr);
  shown_ = 0;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace hyplora::apps

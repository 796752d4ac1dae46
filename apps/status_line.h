// Progress on a terminal.
#pragma once

#include <cstddef>
#include <string>

namespace hyplora::apps {

/// A line on stderr that is rewritten in place on a terminal and left out elsewhere.
class StatusLine {
 public:
  explicit StatusLine(bool enabled);
  ~StatusLine() { clear(); }
  bool live() const { return live_; }
  void show(const std::string& text);
  void clear();

 private:
  bool live_;
  size_t shown_ = 0;
};

/// 75 -> "1:15", 3700 -> "1:01:40".
std::string duration_text(double seconds);

}  // namespace hyplora::apps

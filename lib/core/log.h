// The log: one line per message on stderr. lib writes here what a user may want to know, never results.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace hyplora::log {

/// The levels: trace, debug, info, warn, error, off.
std::vector<std::string> level_names();
/// `level` is one of level_names(); throws InputError otherwise.
void set_level(const std::string& level);

void write_debug(const std::string& message);
void write_info(const std::string& message);
void write_warn(const std::string& message);

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  write_debug(fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write_info(fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  write_warn(fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace hyplora::log

#include "core/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"

namespace hyplora::log {
namespace {

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("hyplora", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%H:%M:%S %l: %v");
    made.set_level(spdlog::level::info);
    return made;
  }();
  return instance;
}

}  // namespace

std::vector<std::string> level_names() { return {"trace", "debug", "info", "warn", "error", "off"}; }

void set_level(const std::string& level) {
  const auto known = level_names();
  if (std::find(known.begin(), known.end(), level) == known.end())
    throw InputError("--log-level: found \"{}\", expected one of {}.", level, fmt::join(known, ", "));
  logger().set_level(spdlog::level::from_str(level));
}

void write_debug(const std::string& message) { logger().debug("{}", printable(message)); }
void write_info(const std::string& message) { logger().info("{}", printable(message)); }
void write_warn(const std::string& message) { logger().warn("{}", printable(message)); }

}  // namespace hyplora::log

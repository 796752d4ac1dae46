#include "core/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/error.h"

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

void set_level(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    throw InputError("--log-level: found \"{}\", expected trace, debug, info, warn, error or off.", level);
  }
  logger().set_level(parsed);
}

void write_debug(const std::string& message) { logger().debug("{}", message); }
void write_info(const std::string& message) { logger().info("{}", message); }
void write_warn(const std::string& message) { logger().warn("{}", message); }

}  // namespace hyplora::log

// Fuzzes what launchers say in the environment: NAME=VALUE a line; and lists of hosts.
#include "dist/launch.h"

#include <map>
#include <sstream>

#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> variables;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != line.npos) variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  const Environment environment = [&](const char* name) {
    const auto variable = variables.find(name);
    return variable == variables.end() ? nullptr : variable->second.c_str();
  };
  fuzz::run([&] {
    const LaunchInfo info = launch_info(environment);
    if (info.rank < 0 || info.rank >= info.size || info.local_rank < 0) __builtin_trap();
  });
  return fuzz::run([&] { first_host(text); });
}

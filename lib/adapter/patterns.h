// rank_pattern and alpha_pattern: per-module overrides. A key is a regular expression for the end of a module path.
#pragma once

#include <map>
#include <string>

namespace hyplora {

/// Whether `pattern` matches the whole of `path`, or its end after a dot. InputError when it is no regular expression.
bool pattern_matches(const std::string& pattern, const std::string& path);

/// The value of the first key that matches, else `otherwise`.
template <class T>
T pattern_value(const std::map<std::string, T>& patterns, const std::string& path, T otherwise) {
  for (const auto& [pattern, value] : patterns) {
    if (pattern_matches(pattern, path)) return value;
  }
  return otherwise;
}

}  // namespace hyplora

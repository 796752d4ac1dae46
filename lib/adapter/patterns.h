// rank_pattern and alpha_pattern: per-module overrides. A key is a regular expression for the end of a module path.
#pragma once

#include <map>
#include <string>

#include "adapter/adapter.h"

namespace hyplora {

/// Whether `pattern` matches the whole of `path`, or its end after a dot. InputError when it is no regular expression.
bool pattern_matches(const std::string& pattern, const std::string& path);

/// InputError: a key of rank_pattern or alpha_pattern, or a suffix or expression of exclude_modules, that matches no module of the
/// model, and so changes nothing.
void require_patterns_match(Transformer& model, const AdapterOptions& options);

/// The value of the first key that matches, else `otherwise`.
template <class T>
T pattern_value(const std::map<std::string, T>& patterns, const std::string& path, T otherwise) {
  for (const auto& [pattern, value] : patterns) {
    if (pattern_matches(pattern, path)) return value;
  }
  return otherwise;
}

}  // namespace hyplora

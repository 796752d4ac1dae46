// The nearest known name to a misspelt one, for error messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyplora {

/// Levenshtein's distance: the least number of single-character edits from a to b.
size_t edit_distance(std::string_view a, std::string_view b);

/// The name with the least edit distance to `name`; empty when `known` is empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace hyplora

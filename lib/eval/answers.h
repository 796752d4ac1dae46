// Answers out of completions, as the paper's evaluation reads them.
#pragma once

#include <optional>
#include <string>

namespace hyplora {

/// The last match of -?\d+\.?\d* after commas are removed.
std::optional<double> last_number(const std::string& text);

/// |label - prediction| <= 1e-3.
bool same_number(double label, double prediction);

}  // namespace hyplora

// Where solutions to MATH's problems state their answer.
#pragma once

#include <optional>
#include <string>

namespace hyplora {

/// The content of the last \boxed{...} that holds something, braces balanced.
std::optional<std::string> boxed(const std::string& text);

}  // namespace hyplora

// Where solutions to MATH's problems state their answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hyplora {

/// The content of the last \boxed{...}, braces balanced.
std::optional<std::string> boxed(const std::string& text);

/// The contents of all \boxed{...}, \fbox{...} and "\boxed 3" that are closed and not blank, braces balanced (\{ and \} are none),
/// the last one first. Of nested ones it is the inner one.
std::vector<std::string> boxes(const std::string& text);

}  // namespace hyplora

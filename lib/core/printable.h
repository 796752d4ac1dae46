// Text that came from files, made fit for a terminal: what would move the cursor, colour the screen, fake a line or turn the
// reading direction is shown, not sent.
#pragma once

#include <string>
#include <string_view>

namespace hyplora {

/// The characters to keep besides those that print.
enum class Keep { nothing, lines };  // lines: newline and tab

/// Controls (C0, DEL, C1), line separators, bidirectional controls and zero-width characters as \n, \x1b or \u202e; bytes that are
/// no UTF-8 as \xff. All else stays as it is.
std::string printable(std::string_view text, Keep keep = Keep::nothing);

}  // namespace hyplora

#include "core/printable.h"

#include <fmt/format.h>

#include <cstdint>

namespace hyplora {
namespace {

struct Character {
  uint32_t code;
  size_t bytes;  // 0: not UTF-8
};

/// The character that begins the text (RFC 3629: no surrogates, no longer form than needed).
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {0, 0};
  uint32_t code = byte(0) & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < least[bytes] || code > 0x10FFFF || surrogate ? Character{0, 0} : Character{code, bytes};
}

bool is_hidden(uint32_t c) {
  const auto in = [c](uint32_t first, uint32_t last) { return c >= first && c <= last; };
  return c < 0x20 || in(0x7F, 0x9F) || in(0x200B, 0x200F) || in(0x2028, 0x202E) || in(0x2060, 0x206F) || c == 0x061C ||
         c == 0xFEFF || in(0xE0000, 0xE007F);
}

std::string name_of(uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  return c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{:04x}", c);
}

}  // namespace

std::string printable(std::string_view text, Keep keep) {
  std::string shown;
  for (size_t i = 0; i < text.size();) {
    const Character c = first_character(text.substr(i));
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    const bool kept = keep == Keep::lines && (c.code == '\n' || c.code == '\t') && c.bytes == 1;
    if (c.bytes == 0) {
      shown += name_of(static_cast<unsigned char>(text[i]));
    } else if (is_hidden(c.code) && !kept) {
      shown += name_of(c.code);
    } else {
      shown += text.substr(i, bytes);
    }
    i += bytes;
  }
  return shown;
}

}  // namespace hyplora

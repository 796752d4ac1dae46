#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "text/unicode.h"

namespace hyplora {
namespace {

/// The alphabet of byte-level BPE: printable bytes stand for themselves, the others for U+0100 and on.
std::array<uint32_t, 256> byte_level_alphabet() {
  std::array<uint32_t, 256> alphabet{};
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    alphabet[byte] = printable ? byte : next++;
  }
  return alphabet;
}

/// Bytes by character, -1 outside the alphabet.
std::array<int16_t, 0x144> bytes_by_character() {
  std::array<int16_t, 0x144> bytes;
  bytes.fill(-1);
  const auto alphabet = byte_level_alphabet();
  for (size_t byte = 0; byte < 256; ++byte) bytes[alphabet[byte]] = static_cast<int16_t>(byte);
  return bytes;
}

}  // namespace

std::optional<std::string> bytes_of_byte_level(std::string_view token) {
  static const auto bytes = bytes_by_character();
  std::string made;
  for (size_t place = 0; place < token.size();) {
    const auto lead = static_cast<unsigned char>(token[place]);
    const Character c = lead < 0x80 ? Character{lead, 1} : character_at(token, place);
    if (c.code >= bytes.size() || bytes[c.code] < 0) return std::nullopt;
    made += static_cast<char>(bytes[c.code]);
    place += c.bytes;
  }
  return made;
}

std::string byte_level_of(std::string_view bytes) {
  static const auto alphabet = byte_level_alphabet();
  std::string made;
  for (const char byte : bytes) made += utf8(alphabet[static_cast<unsigned char>(byte)]);
  return made;
}

}  // namespace hyplora

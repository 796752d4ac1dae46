#include "text/oniguruma_cursor.h"

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

}  // namespace

bool OnigurumaCursor::skip(std::string_view wanted) {
  if (!at(wanted)) return false;
  place += wanted.size();
  return true;
}

uint32_t OnigurumaCursor::next() {
  if (at_end()) refuse(text, "ends too early");
  const Character c = character_at(text, place);
  place += c.bytes;
  return c.code;
}

std::optional<std::string_view> OnigurumaCursor::until(char end) {
  const size_t found = text.find(end, place);
  if (found == text.npos) return std::nullopt;
  const std::string_view before = text.substr(place, found - place);
  place = found + 1;
  return before;
}

void OnigurumaCursor::enter() {
  if (++depth > most_levels) throw InputError("{}: the regular expression nests more than {} levels.", where, most_levels);
}

void OnigurumaCursor::refuse(std::string_view form, std::string_view reason) const {
  throw InputError("{}: the regular expression {} cannot be used: its {} {}.", where, text, form, reason);
}

uint32_t OnigurumaCursor::number(int base, size_t most_digits) {
  uint32_t value = 0;
  for (size_t i = 0; i < most_digits && !at_end() && digit_value(text[place]) < base; ++i)
    value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit_value(text[place++]));
  return value;
}

uint32_t OnigurumaCursor::braced(int base) {
  const size_t begin = place;
  const uint32_t value = number(base, base == 16 ? 8 : 11);
  if (place == begin || !skip("}")) refuse("escape with {", "names no single character");
  return value;
}

uint32_t OnigurumaCursor::escaped_character() {
  if (at_end()) refuse("last \\", "escapes nothing");
  const size_t begin = place;
  const uint32_t c = next();
  uint32_t code = c;
  switch (c) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'a':
      return '\a';
    case 'e':
      return 0x1B;
    case 'x':
      if (skip("{")) {
        code = braced(16);
      } else if ((code = number(16, 2)) >= 0x80) {
        refuse(fmt::format("\\x{:02X}", code), "is a byte of a character; write \\x{...}");
      }
      break;
    case 'u':
      code = number(16, 4);
      if (place != begin + 5) refuse("\\u", "lacks four digits");
      break;
    case 'o':
      if (skip("{")) code = braced(8);
      break;
    case 'C':
      if (!skip("-")) refuse("\\C", "lacks its -");
      [[fallthrough]];
    case 'c':
      if (at("\\")) refuse("\\c\\");
      code = skip("?") ? 0x7F : next() & 0x9F;
      break;
    case 'M':
      refuse("\\M-");
    default:
      if (c >= '0' && c <= '7') {
        --place;
        code = number(8, 3);
        if (code >= 0x80) refuse(fmt::format("\\{:o}", code), "is a byte of a character; write \\x{...}");
      }
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) refuse(fmt::format("\\x{{{:X}}}", code), "is no character");
  return code;
}

std::string pcre2_character(uint32_t code) {
  const bool plain = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
  return plain ? std::string(1, static_cast<char>(code)) : fmt::format("\\x{{{:x}}}", code);
}

}  // namespace hyplora

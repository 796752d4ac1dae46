#include "text/unicode.h"

#include <simdjson.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/error.h"

namespace hyplora {
namespace {

const utf8proc_uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const utf8proc_uint8_t*>(text.data()); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

int options_of(NormalForm form) {
  constexpr int stable = UTF8PROC_STABLE;
  switch (form) {
    case NormalForm::nfc:
      return stable | UTF8PROC_COMPOSE;
    case NormalForm::nfd:
      return stable | UTF8PROC_DECOMPOSE;
    case NormalForm::nfkc:
      return stable | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case NormalForm::nfkd:
      return stable | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  }
  return stable;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* made = nullptr;
  const auto bytes =
      utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(text.size()), &made, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
  if (bytes < 0) throw InputError("a text cannot be normalised: {}.", utf8proc_errmsg(bytes));
  return {reinterpret_cast<const char*>(made), static_cast<size_t>(bytes)};
}

/// How many bytes at `at` begin a character, and whether they complete it (Unicode Standard, table 3-7).
struct Part {
  size_t bytes;
  bool complete;
};
Part part_at(std::string_view text, size_t place) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(place);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const size_t needed = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < needed; ++i) {
    if (place + i >= text.size()) return {i, false};
    const unsigned char next = byte(place + i);
    if (next < (i == 1 ? lowest : 0x80) || next > (i == 1 ? highest : 0xBF)) return {i, false};
  }
  return {needed, true};
}

}  // namespace

Character character_at(std::string_view text, size_t place) {
  utf8proc_int32_t code = 0;
  const auto bytes = utf8proc_iterate(bytes_of(text) + place, static_cast<utf8proc_ssize_t>(text.size() - place), &code);
  return {static_cast<uint32_t>(code), static_cast<size_t>(std::max<utf8proc_ssize_t>(1, bytes))};
}

Character character_before(std::string_view text, size_t end) {
  size_t place = end - 1;
  while (place > 0 && is_continuation(text[place])) --place;
  return character_at(text, place);
}

std::string utf8(uint32_t code) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(count)};
}

std::string normal_form(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return std::string(text);
  return mapped(text, options_of(form));
}

std::string case_folded(std::string_view text) {
  if (!is_ascii(text)) return mapped(text, options_of(NormalForm::nfkc) | UTF8PROC_CASEFOLD);
  std::string folded(text);
  for (char& c : folded) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return folded;
}

bool is_white_space(uint32_t code) {
  return (code >= 0x9 && code <= 0xD) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

bool is_word_character(uint32_t code) {
  if (code == 0x200C || code == 0x200D) return true;  // the joiners
  const bool circled = (code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
                       (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189);
  if (circled) return true;  // symbols that are alphabetic
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool is_numeric(uint32_t code) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool is_punctuation(uint32_t code) {
  const bool ascii_symbol = code < 0x80 && is_symbol(code);
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return ascii_symbol || (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO);
}

bool is_symbol(uint32_t code) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category == UTF8PROC_CATEGORY_SM || category == UTF8PROC_CATEGORY_SC || category == UTF8PROC_CATEGORY_SK ||
         category == UTF8PROC_CATEGORY_SO;
}

bool is_valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string repaired_utf8(std::string_view bytes) {
  std::string text;
  for (size_t place = 0; place < bytes.size();) {
    const Part part = part_at(bytes, place);
    if (part.complete) {
      text.append(bytes, place, part.bytes);
    } else {
      text += "\xEF\xBF\xBD";
    }
    place += part.bytes;
  }
  return text;
}

}  // namespace hyplora

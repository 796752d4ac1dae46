// What tokenizers need of Unicode: characters of UTF-8 text, normal forms, white space, word characters, case, repair of broken
// text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hyplora {

/// The character at `at` of valid UTF-8 text, and how many bytes it takes.
struct Character {
  uint32_t code;
  size_t bytes;
};
Character character_at(std::string_view text, size_t place);
/// The character that ends at `end` > 0.
Character character_before(std::string_view text, size_t end);

std::string utf8(uint32_t code);

enum class NormalForm { nfc, nfd, nfkc, nfkd };
/// The normal form of Unicode Standard Annex 15, of valid UTF-8 text.
std::string normal_form(std::string_view text, NormalForm form);

/// NFKC and full case folding (The Unicode Standard, 3.13): texts that differ only in case or form become equal. Of valid
/// UTF-8.
std::string case_folded(std::string_view text);

/// Whether it has Unicode's property White_Space.
bool is_white_space(uint32_t code);
/// Alphabetic characters, marks, decimal digits, connector punctuation, joiners: \w of Unicode Technical Standard 18.
bool is_word_character(uint32_t code);
/// The general categories Nd, Nl and No.
bool is_numeric(uint32_t code);
/// The general categories P*, and ASCII's symbols.
bool is_punctuation(uint32_t code);
/// The general categories Sm, Sc, Sk and So: + < = > $ ^ and their like.
bool is_symbol(uint32_t code);

bool is_valid_utf8(std::string_view text);
/// Each maximal broken part becomes one U+FFFD (the Unicode Standard's recommended practice, which Rust and Python follow).
std::string repaired_utf8(std::string_view bytes);

}  // namespace hyplora

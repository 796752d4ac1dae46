// Python's view of characters: case (The Unicode Standard, 3.13, with SpecialCasing.txt's rules that no language needs), classes,
// white space. Texts are valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hyplora::jinja {

int64_t count_characters(std::string_view text);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string swapped_case(std::string_view text);
/// str.title: a letter after a letter small, any other large.
std::string title(std::string_view text);
/// str.capitalize.
std::string capitalized(std::string_view text);
std::string full_case_folded(std::string_view text);

/// str.isspace's characters, of which strip() and split() know.
bool is_space(uint32_t code);
bool is_alpha(uint32_t code);
bool is_decimal(uint32_t code);
bool is_digit(uint32_t code);
bool is_numeric(uint32_t code);
bool is_printable(uint32_t code);
bool is_upper(uint32_t code);
bool is_lower(uint32_t code);
bool is_title(uint32_t code);
/// \w of Python's re.
bool is_word(uint32_t code);

}  // namespace hyplora::jinja

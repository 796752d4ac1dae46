// Numbers and strings as a template spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hyplora::jinja {

/// Where a number that begins at `place` ends; `place` where none begins.
size_t end_of_real(std::string_view text, size_t place);
size_t end_of_integer(std::string_view text, size_t place);

/// What a literal's digits stand for; nothing where they do not fit into 64 bits.
std::optional<int64_t> integer_in(std::string text);
double real_in(std::string text);

/// int() and float() of a text: white space around it, a sign, single underscores between digits. Nothing: it is none.
std::optional<int64_t> parsed_integer(std::string_view text, int64_t base);
std::optional<double> parsed_real(std::string_view text);

/// What Python's unicode-escape makes of the inside of a string; nothing, with the reason, where a sequence is malformed.
std::optional<std::string> unescaped(std::string_view text, std::string& fault);

}  // namespace hyplora::jinja

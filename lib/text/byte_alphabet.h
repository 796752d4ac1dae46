// The alphabet in which byte-level BPE spells bytes as characters (Radford et al. 2019, GPT-2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hyplora {

/// The bytes that a token of a byte-level vocabulary stands for; nothing when it holds a character outside that alphabet.
std::optional<std::string> bytes_of_byte_level(std::string_view token);
/// The other way round: each byte as its character.
std::string byte_level_of(std::string_view bytes);

}  // namespace hyplora

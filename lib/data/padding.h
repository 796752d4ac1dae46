// Padded token rows: which part of a row its attention_mask keeps.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace hyplora {

/// [begin, end) of the tokens whose mask is 1. InputError with `where`: they do not stand together, there are none, or the mask
/// holds something else than 0 and 1.
std::pair<int64_t, int64_t> unpadded(const int64_t* mask, int64_t length, const std::string& where);

}  // namespace hyplora

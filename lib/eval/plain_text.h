// Texts in fewer spellings, for the strict readings of answers.
#pragma once

#include <string>
#include <string_view>

namespace hyplora {

/// Of valid UTF-8, with the characters that stand for ASCII's as ASCII: minus signs and dashes, spaces of any width, full-width
/// forms, digits of other scripts, quotation marks, x ÷ · ≈. Fractions of one character become a/b, superscripts ^{...}.
std::string plain_text(std::string_view text);

/// plain_text with TeX's spellings of what stands around and between numbers made plain, too: {,} \, \! \dfrac \times \$.
std::string plain_numbers(std::string_view text);

/// plain_text without what sets words off: emphasis, quotation marks, dollars, \text{...} and its like; a capital A to E
/// that is set off by itself stands in [].
std::string plain_words(std::string_view text);

}  // namespace hyplora

// A text as the words by which texts are compared: two texts with the same words differ only in case, Unicode form, white space
// and punctuation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyplora {

/// NFKC, case-folded, cut at white space and punctuation. What carries meaning in arithmetic stays: a point between digits
/// stands in its word ("3.5"), a comma before three digits goes ("1,000" is "1000"), symbols are words of their own, and so are
/// - * / % where the nearest character on either side is a digit. An apostrophe inside a word goes. Of valid UTF-8.
std::vector<std::string> compared_words(std::string_view text);

/// Whether a word of compared_words is more than a symbol.
bool is_proper_word(std::string_view word);

}  // namespace hyplora

// Classes of characters in Oniguruma's syntax: [...] with classes, intersections, POSIX brackets in it, \p{...}, \w \d \s \h.
#pragma once

#include "text/oniguruma_cursor.h"

namespace hyplora {

/// A set of characters: what stands between the brackets of a class of PCRE2's, or its complement.
struct CharacterSet {
  std::string members;
  bool negated = false;

  std::string regex() const { return (negated ? "[^" : "[") + members + "]"; }
};

/// The set of \w \W \d \D \s \S \h \H, or of \p{...} behind whose backslash `cursor` is; else nothing, and no move.
std::optional<CharacterSet> escaped_set(OnigurumaCursor& cursor);
/// The same outside of a class.
std::optional<CharacterSet> escaped_set_outside(OnigurumaCursor& cursor);

/// An expression of PCRE2's that matches one character of the class behind whose [ `cursor` is; goes behind its ].
std::string character_class(OnigurumaCursor& cursor);

/// Where a word begins or ends (`inverted`: anywhere else).
std::string word_boundary(bool inverted);

}  // namespace hyplora

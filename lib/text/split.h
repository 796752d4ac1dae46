// Cutting a text at what is found in it, and replacing that: the `Split` and `Replace` of Hugging Face's tokenizers. What is found
// may be empty (`(?=\d)`): then a text is cut there, and a replacement is put there.
#pragma once

#include <functional>

#include "text/component.h"
#include "text/pattern.h"

namespace hyplora {

/// The first match at or after a place of a text, which is at most its size.
using Finder = std::function<std::optional<Pattern::Match>(std::string_view, size_t)>;

/// Of a component's "pattern": {"String": ...} or {"Regex": ...}.
Finder finder_of(const Component& component);
Finder find_string(std::string wanted);
/// Single characters.
Finder find_character(bool (*wanted)(uint32_t code));

/// What becomes of a match: a part by itself, nothing, one part with what is before or behind it, or with matches beside it.
enum class Behavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

Behavior behavior_of(const Component& component, std::optional<std::string> otherwise = std::nullopt);

struct Cut {
  Finder find;
  Behavior behavior;
  bool invert = false;  // the matches are what lies between the matches
};
/// The parts in order; none is empty.
std::vector<std::string_view> parts_of(std::string_view text, const Cut& cut);

/// InputError: the text becomes longer than `growth_limit` of it.
void replace_all(std::string& text, const Finder& find, const std::string& content);

/// How large a text may become on its way: no real normalizer or decoder comes near it, and a file of a few lines cannot ask for
/// gigabytes.
constexpr size_t growth_limit(size_t bytes) { return 64 * bytes + (1 << 16); }

}  // namespace hyplora

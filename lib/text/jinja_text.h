// What filters and methods of a Jinja template do to texts and lists, by Python's rules. Case changes letters of ASCII only.
#pragma once

#include "text/jinja_value.h"

namespace hyplora::jinja {

using Text = std::string;

/// Fault: it is none.
const Text& text_in(const Value& value);
Json list_of(const std::vector<Value>& values);
/// Of texts in lower case, unless it counts.
Json folded(const Json& value, bool case_sensitive);
/// [key, value] of a dict.
Json pairs(const Value& dict, bool sorts, bool by_value);

Text lower(Text text);
Text upper(Text text);
bool is_letter(char c);
/// Each word's first letter large, the others small.
Text title(const Text& text, bool after_apostrophe);
Text capitalized(const Text& text);
/// Without white space, or without the characters of `set`, at the ends.
Text stripped(const Text& text, const Value& set, bool left, bool right);
/// The first `most`; all where it is negative.
Text replaced(const Text& text, const Text& from, const Text& to, int64_t most);
Json split(const Text& text, const Value& by, int64_t most, bool from_right);
Text joined(const Value& list, const Text& between, const Value& attribute);
Text indented(const Text& text, const Text& by, bool first, bool blank);

}  // namespace hyplora::jinja

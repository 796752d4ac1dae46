// What str methods and text filters do to texts.
#pragma once

#include "text/jinja/value.h"

namespace hyplora::jinja {

/// The byte at which the character `index` begins; the text's end behind the last.
size_t byte_of(const Value& text, int64_t index);

/// By white space where `by` is None, else by a text; at most so often where `most` is not negative.
std::vector<std::string> split_forward(const std::string& text, const Value& by, int64_t most);
std::vector<std::string> split_backward(const std::string& text, const Value& by, int64_t most);

/// str.isupper, str.islower: one is cased, and all that are cased are so.
bool has_case(const std::string& text, bool upper);
bool is_titled(const std::string& text);
bool is_identifier(const std::string& text);
std::string expanded_tabs(const std::string& text, int64_t width);

}  // namespace hyplora::jinja

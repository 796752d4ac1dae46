// The small language of widths and precisions that Python's %, format() and str.format know.
#pragma once

#include "text/jinja/value.h"

namespace hyplora::jinja {

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Form {
  std::string fill = " ";
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  int64_t width = 0, precision = -1;
};

constexpr int64_t widest = 1'000'000;  // characters of a width or precision

/// The number that begins at `place`, which goes behind it; 0 where there is none. Fault: more than `widest`.
int64_t number_at(std::string_view text, size_t& place);
/// `sign` and text in the form's width; `otherwise`: how they stand there where the form does not say it.
std::string padded(const Form& form, char otherwise, const std::string& sign, const std::string& text);
std::string formatted_number(const Value& value, const Form& form);
/// The first `count` characters; all where it is negative.
std::string cut(const std::string& text, int64_t count);
/// What the conversions s, r and a make.
std::string converted(const Value& value, char conversion);

}  // namespace hyplora::jinja

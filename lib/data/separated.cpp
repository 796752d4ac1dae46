#include "data/separated.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {

bool SeparatedText::next(std::vector<std::string>& fields) {
  fields.clear();
  while (place_ < text_.size() && at_line_end()) skip_line_end();
  if (place_ == text_.size()) return false;
  begun_ = line_;
  for (;; ++place_) {
    fields.push_back(field());
    if (place_ == text_.size()) return true;
    if (at_line_end()) break;
  }
  skip_line_end();
  return true;
}

void SeparatedText::skip_line_end() {
  place_ += text_.substr(place_).starts_with("\r\n") ? 2 : 1;
  ++line_;
}

std::string SeparatedText::field() {
  if (place_ < text_.size() && text_[place_] == '"') return quoted();
  const char ends[] = {separator_, '\n', '\r'};
  const size_t begin = place_;
  place_ = std::min(text_.find_first_of(std::string_view(ends, sizeof ends), begin), text_.size());
  return std::string(text_.substr(begin, place_ - begin));
}

std::string SeparatedText::quoted() {
  std::string value;
  for (;;) {
    const size_t begin = place_ + 1;
    place_ = text_.find('"', begin);
    if (place_ == text_.npos) throw InputError("{}: line {}: found a quote that is not closed.", file_, begun_);
    value += text_.substr(begin, place_ - begin);
    if (++place_ == text_.size() || text_[place_] != '"') break;
    value += '"';
  }
  line_ += static_cast<size_t>(std::count(value.begin(), value.end(), '\n'));
  if (place_ < text_.size() && text_[place_] != separator_ && !at_line_end()) {
    throw InputError("{}: line {}: found text behind a closing quote, expected a separator or the line's end.", file_, line_);
  }
  return value;
}

}  // namespace hyplora

#include "text/jinja/texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

/// Python's line ends.
bool ends_line(uint32_t code) {
  return (code >= 0xA && code <= 0xD) || (code >= 0x1C && code <= 0x1E) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

size_t after_space(std::string_view text, size_t place) {
  while (place < text.size() && is_space(character_at(text, place).code)) place += character_at(text, place).bytes;
  return place;
}

size_t before_space(std::string_view text, size_t end) {
  while (end > 0 && is_space(character_before(text, end).code)) end -= character_before(text, end).bytes;
  return end;
}

std::vector<std::string> words(const std::string& text, int64_t most) {
  std::vector<std::string> parts;
  size_t begin = after_space(text, 0);
  while (begin < text.size()) {
    spend(50);
    require_room(parts.size() * 2 * sizeof(Value));
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {  // the rest, with the space behind it
      parts.push_back(text.substr(begin));
      return parts;
    }
    size_t end = begin;
    while (end < text.size() && !is_space(character_at(text, end).code)) end += character_at(text, end).bytes;
    parts.push_back(text.substr(begin, end - begin));
    begin = after_space(text, end);
  }
  return parts;
}

std::vector<std::string> words_backward(const std::string& text, int64_t most) {
  std::vector<std::string> parts;
  size_t end = before_space(text, text.size());
  while (end > 0) {
    spend(50);
    require_room(parts.size() * 2 * sizeof(Value));
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(text.substr(0, end));
      break;
    }
    size_t begin = end;
    while (begin > 0 && !is_space(character_before(text, begin).code)) begin -= character_before(text, begin).bytes;
    parts.push_back(text.substr(begin, end - begin));
    end = before_space(text, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

size_t byte_of(const Value& text, int64_t index) {
  if (text.ascii()) return static_cast<size_t>(index);
  size_t place = 0;
  spend(static_cast<size_t>(index));
  for (int64_t i = 0; i < index && place < text.text().size(); ++i) place += character_at(text.text(), place).bytes;
  return place;
}

std::vector<std::string> split_forward(const std::string& text, const Value& by, int64_t most) {
  spend(2 * text.size());
  if (by.is(Kind::none)) return words(text, most);
  const std::string& separator = text_in(by);
  if (separator.empty()) throw Fault{"split: the separator is empty"};
  std::vector<std::string> parts;
  size_t begin = 0;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    spend(50);
    require_room(parts.size() * 2 * sizeof(Value));
    const size_t end = text.find(separator, begin);
    if (end == std::string::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string> split_backward(const std::string& text, const Value& by, int64_t most) {
  spend(2 * text.size());
  if (by.is(Kind::none)) return words_backward(text, most);
  const std::string& separator = text_in(by);
  if (separator.empty()) throw Fault{"rsplit: the separator is empty"};
  std::vector<std::string> parts;
  size_t end = text.size();
  while ((most < 0 || static_cast<int64_t>(parts.size()) < most) && end >= separator.size()) {
    spend(50);
    require_room(parts.size() * 2 * sizeof(Value));
    const size_t begin = text.rfind(separator, end - separator.size());
    if (begin == std::string::npos) break;
    parts.push_back(text.substr(begin + separator.size(), end - begin - separator.size()));
    end = begin;
  }
  parts.push_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(const std::string& text, bool keep_ends) {
  spend(2 * text.size());
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    spend(50);
    require_room(lines.size() * 2 * sizeof(Value));
    size_t end = begin;
    while (end < text.size() && !ends_line(character_at(text, end).code)) end += character_at(text, end).bytes;
    size_t next = end < text.size() ? end + character_at(text, end).bytes : end;
    if (end < text.size() && text[end] == '\r' && next < text.size() && text[next] == '\n') ++next;
    lines.push_back(text.substr(begin, (keep_ends ? next : end) - begin));
    begin = next;
  }
  return lines;
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to, int64_t most) {
  spend(text.size());
  std::string made;
  const auto add = [&](std::string_view more) {
    spend(more.size() + 10);
    require_room(made.size() + more.size());
    made += more;
  };
  size_t place = 0;
  if (from.empty()) {  // before every character, and at the end
    for (int64_t done = 0; most < 0 || done < most; ++done) {
      add(to);
      if (place == text.size()) return made;
      const size_t bytes = character_at(text, place).bytes;
      add(std::string_view(text).substr(place, bytes));
      place += bytes;
    }
  } else {
    for (int64_t done = 0; most < 0 || done < most; ++done) {
      const size_t found = text.find(from, place);
      if (found == std::string::npos) break;
      add(std::string_view(text).substr(place, found - place));
      add(to);
      place = found + from.size();
    }
  }
  add(std::string_view(text).substr(place));
  return made;
}

std::string stripped(const std::string& text, const Value& set, bool left, bool right) {
  const std::string& characters = set.is(Kind::none) ? std::string() : text_in(set);
  spend(text.size());
  const auto goes = [&](const Character& c, size_t place) {
    if (set.is(Kind::none)) return is_space(c.code);
    spend(characters.size());
    return characters.find(text.substr(place, c.bytes)) != std::string::npos;
  };
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    const Character c = character_at(text, begin);
    if (!goes(c, begin)) break;
    begin += c.bytes;
  }
  while (right && end > begin) {
    const Character c = character_before(text, end);
    if (!goes(c, end - c.bytes)) break;
    end -= c.bytes;
  }
  return text.substr(begin, end - begin);
}

std::string joined(const std::vector<Value>& parts, const std::string& between) {
  std::string made;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part = text_of(parts[i]);
    spend(part.size() + between.size() + 10);
    require_room(made.size() + part.size() + between.size());
    if (i > 0) made += between;
    made += part;
  }
  return made;
}

std::string centered(const Value& text, int64_t width, const std::string& fill, char side) {
  if (count_characters(fill) != 1) throw Fault{"a text is filled with one character, found another number of them"};
  const int64_t space = std::max<int64_t>(width - text.text_length(), 0);
  const int64_t left = side == '<' ? 0 : side == '>' ? space : space / 2 + (space & width & 1);
  return repeated(fill, left) + text.text() + repeated(fill, space - left);
}

bool has_case(const std::string& text, bool upper) {
  bool found = false;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    place += c.bytes;
    if (is_title(c.code) || (upper ? is_lower(c.code) : is_upper(c.code))) return false;
    found = found || (upper ? is_upper(c.code) : is_lower(c.code));
  }
  return found;
}

bool is_titled(const std::string& text) {
  bool found = false, after_cased = false;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    place += c.bytes;
    const bool large = is_upper(c.code) || is_title(c.code), small = is_lower(c.code);
    if ((large && after_cased) || (small && !after_cased)) return false;
    found = found || large || small;
    after_cased = large || small;
  }
  return found;
}

bool is_identifier(const std::string& text) {
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    if (!is_word(c.code) || (place == 0 && is_decimal(c.code))) return false;
    place += c.bytes;
  }
  return !text.empty();
}

std::string expanded_tabs(const std::string& text, int64_t width) {
  std::string made;
  int64_t column = 0;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    if (c.code == '\t') {
      const int64_t spaces = width > 0 ? width - column % width : 0;
      require_room(made.size() + static_cast<size_t>(spaces));
      made += repeated(" ", spaces);
      column += spaces;
    } else {
      made.append(text, place, c.bytes);
      column = c.code == '\n' || c.code == '\r' ? 0 : column + 1;
    }
    place += c.bytes;
  }
  return made;
}

}  // namespace hyplora::jinja

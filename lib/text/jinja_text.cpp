#include "text/jinja_text.h"

#include <algorithm>

#include "text/unicode.h"

namespace hyplora::jinja {

const Text& text_in(const Value& value) {
  if (!value.is_string()) throw Fault{"a text is expected"};
  return value.json().get_ref<const Text&>();
}

Json list_of(const std::vector<Value>& values) {
  Json list = Json::array();
  for (const Value& value : values) list.push_back(value.is_json() ? value.json() : Json(nullptr));
  return list;
}

Json folded(const Json& value, bool case_sensitive) {
  return value.is_string() && !case_sensitive ? Json(lower(value.get<Text>())) : value;
}

Json pairs(const Value& dict, bool sorts, bool by_value) {
  if (dict.is_undefined()) return Json::array();
  if (!dict.is_dict()) throw Fault{"a dict is expected"};
  Json all = Json::array();
  for (const auto& [key, value] : dict.json().items()) all.push_back(Json::array({key, value}));
  const size_t by = by_value ? 1 : 0;
  if (sorts)
    std::stable_sort(all.begin(), all.end(),
                     [&](const Json& a, const Json& b) { return less(folded(a[by], false), folded(b[by], false)); });
  return all;
}

Text lower(Text text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}
Text upper(Text text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0; }
Text title(const Text& text, bool after_apostrophe) {
  Text made;
  bool inside = false;
  for (const char c : text) {
    made += inside ? lower(Text(1, c)) : upper(Text(1, c));
    inside = is_letter(c) || (inside && after_apostrophe && (c == '\'' || (c >= '0' && c <= '9')));
  }
  return made;
}
Text capitalized(const Text& text) { return text.empty() ? text : upper(text.substr(0, 1)) + lower(text.substr(1)); }

Text stripped(const Text& text, const Value& set, bool left, bool right) {
  const auto all = characters(text);
  const bool by_set = set.is_string();
  const auto goes = [&](const Text& one) {
    if (!by_set) return is_white_space(character_at(one, 0).code) || (one[0] >= 0x1c && one[0] <= 0x1f);
    const auto gone = characters(text_in(set));
    return std::find(gone.begin(), gone.end(), one) != gone.end();
  };
  size_t begin = 0, end = all.size();
  while (left && begin < end && goes(all[begin])) ++begin;
  while (right && end > begin && goes(all[end - 1])) --end;
  Text made;
  for (size_t i = begin; i < end; ++i) made += all[i];
  return made;
}

Text replaced(const Text& text, const Text& from, const Text& to, int64_t most) {
  Text made;
  size_t done = 0;
  if (from.empty()) {
    for (const Text& one : characters(text)) made += (most-- == 0 ? (++most, "") : to) + one;
    return most != 0 ? made + to : made;
  }
  for (size_t place = text.find(from); place != text.npos && most-- != 0; place = text.find(from, done)) {
    made += text.substr(done, place - done) + to;
    done = place + from.size();
  }
  return made + text.substr(done);
}

Json split(const Text& text, const Value& by, int64_t most, bool from_right) {
  std::vector<Text> parts;
  if (!by.is_string()) {  // at runs of white space
    const Text rest = stripped(text, {}, true, most < 0);
    const auto all = characters(rest);
    Text part;
    size_t i = 0;
    const auto is_space = [&](size_t place) { return is_white_space(character_at(all[place], 0).code); };
    while (i < all.size() && (most < 0 || static_cast<int64_t>(parts.size()) < most)) {
      part.clear();
      while (i < all.size() && !is_space(i)) part += all[i++];
      parts.push_back(part);
      while (i < all.size() && is_space(i)) ++i;
    }
    part.clear();
    while (i < all.size()) part += all[i++];
    if (!part.empty()) parts.push_back(part);
    return parts;
  }
  const Text& mark = text_in(by);
  if (mark.empty()) throw Fault{"split by an empty text"};
  if (from_right) {
    size_t end = text.size();
    for (size_t place = end; most-- != 0 && end >= mark.size();) {
      place = text.rfind(mark, end - mark.size());
      if (place == text.npos) break;
      parts.insert(parts.begin(), text.substr(place + mark.size(), end - place - mark.size()));
      end = place;
    }
    parts.insert(parts.begin(), text.substr(0, end));
    return parts;
  }
  size_t done = 0;
  for (size_t place = text.find(mark); place != text.npos && most-- != 0; place = text.find(mark, done)) {
    parts.push_back(text.substr(done, place - done));
    done = place + mark.size();
  }
  parts.push_back(text.substr(done));
  return parts;
}

Text joined(const Value& list, const Text& between, const Value& attribute) {
  Text made;
  bool first = true;
  for (const Value& one : elements(list)) {
    made += (first ? "" : between) + text_of(attribute.is_undefined() ? one : item(one, attribute));
    first = false;
  }
  return made;
}

Text indented(const Text& text, const Text& by, bool first, bool blank) {
  Text made = first ? by : "";
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const Text line = text.substr(begin, end - begin);
    if (begin > 0) made += "\n" + (blank || !line.empty() ? by : Text());
    made += line;
    begin = end + 1;
  }
  return made;
}

}  // namespace hyplora::jinja

// The methods of Python's str.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"
#include "text/jinja/texts.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

struct Row {
  const char* name;
  Value (*apply)(const std::string& name, const Value& self, const Arguments& arguments);
};

std::string no_arguments(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  spend(10 * self.text().size());
  return self.text();
}

/// A text of the same kind: the methods of a safe text make safe ones.
Value like(const Value& self, std::string made) { return Value(std::move(made), self.safe()); }

template <std::string (*Change)(std::string_view)>
Value changed(const std::string& name, const Value& self, const Arguments& arguments) {
  return like(self, Change(no_arguments(name, self, arguments)));
}

/// Every character is of a class, and there is one.
template <bool (*Is)(uint32_t)>
Value all_are(const std::string& name, const Value& self, const Arguments& arguments) {
  const std::string text = no_arguments(name, self, arguments);
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    if (!Is(c.code)) return false;
    place += c.bytes;
  }
  return !text.empty();
}

bool is_alphanumeric(uint32_t code) { return is_alpha(code) || is_digit(code) || is_numeric(code); }
bool is_ascii(uint32_t code) { return code < 0x80; }

Value all_or_empty(const std::string& name, const Value& self, const Arguments& arguments) {
  if (self.text().empty()) return no_arguments(name, self, arguments).empty();
  return name == "isascii" ? all_are<is_ascii>(name, self, arguments) : all_are<is_printable>(name, self, arguments);
}

Value cased(const std::string& name, const Value& self, const Arguments& arguments) {
  return has_case(no_arguments(name, self, arguments), name == "isupper");
}
Value titled(const std::string& name, const Value& self, const Arguments& arguments) {
  return is_titled(no_arguments(name, self, arguments));
}
Value identifier(const std::string& name, const Value& self, const Arguments& arguments) {
  return is_identifier(no_arguments(name, self, arguments));
}

Value strip(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"chars"}, 0);
  return like(self, stripped(self.text(), bound.has(0) ? bound[0] : Value(Kind::none), name != "rstrip", name != "lstrip"));
}

Value split(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"sep", "maxsplit"}, 0);
  const Value by = bound.has(0) ? bound[0] : Value(Kind::none);
  std::vector<Value> made;
  const int64_t most = bound.integer(1, -1);
  for (std::string& part : name == "split" ? split_forward(self.text(), by, most) : split_backward(self.text(), by, most))
    made.push_back(like(self, std::move(part)));
  return Value::list(std::move(made));
}

Value lines(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"keepends"}, 0);
  std::vector<Value> made;
  for (std::string& line : split_lines(self.text(), bound.flag(0))) made.push_back(like(self, std::move(line)));
  return Value::list(std::move(made));
}

Value partition(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"sep"}, 1);
  const std::string &text = self.text(), &by = text_in(bound[0]);
  if (by.empty()) throw Fault{"partition: the separator is empty"};
  spend(text.size());
  const bool last = name == "rpartition";
  const size_t place = last ? text.rfind(by) : text.find(by);
  if (place == std::string::npos)
    return last ? Value::tuple({"", "", like(self, text)}) : Value::tuple({like(self, text), "", ""});
  return Value::tuple({like(self, text.substr(0, place)), like(self, by), like(self, text.substr(place + by.size()))});
}

/// find, index, count, startswith, endswith: a part of the text is looked at.
struct Part {
  std::string_view text;
  int64_t begins;  // in characters
  bool inside;     // the start is not behind the end
};
Part part_of(const Value& self, const Bound& bound) {
  const int64_t count = self.text_length();
  const auto given = [&](size_t place, int64_t otherwise) {
    if (!bound.has(place) || bound[place].is(Kind::none)) return otherwise;
    const int64_t at = integer_of(bound[place]);
    return at < 0 ? std::max<int64_t>(std::max(at, -count - 1) + count, 0) : at;
  };
  const int64_t start = given(1, 0), end = std::min(given(2, count), count);
  spend(self.text().size());
  if (start > end) return {"", 0, false};
  const size_t begin = byte_of(self, start);
  return {std::string_view(self.text()).substr(begin, byte_of(self, end) - begin), start, true};
}

Value find(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"sub", "start", "end"}, 1);
  const std::string& sub = text_in(bound[0]);
  const Part part = part_of(self, bound);
  const size_t place = !part.inside ? std::string_view::npos : name[0] == 'r' ? part.text.rfind(sub) : part.text.find(sub);
  if (place != std::string_view::npos) return part.begins + count_characters(part.text.substr(0, place));
  if (name == "index" || name == "rindex") throw Fault{fmt::format("{}: the text does not hold {}", name, repr(bound[0]))};
  return int64_t{-1};
}

Value count(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"sub", "start", "end"}, 1);
  const std::string& sub = text_in(bound[0]);
  const Part part = part_of(self, bound);
  if (!part.inside) return int64_t{0};
  if (sub.empty()) return count_characters(part.text) + 1;
  int64_t found = 0;
  for (size_t place = part.text.find(sub); place != std::string_view::npos; place = part.text.find(sub, place + sub.size()))
    ++found;
  return found;
}

Value starts_or_ends(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"prefix", "start", "end"}, 1);
  const Part part = part_of(self, bound);
  const auto fits = [&](const Value& with) {
    const std::string& text = text_in(with);
    spend(text.size());
    return part.inside && (name == "startswith" ? part.text.starts_with(text) : part.text.ends_with(text));
  };
  if (!bound[0].is(Kind::tuple)) return fits(bound[0]);
  return std::any_of(bound[0].items().begin(), bound[0].items().end(), fits);
}

Value replace(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"old", "new", "count"}, 2);
  const auto text = [&](size_t place) { return self.safe() ? safe_text(bound[place]) : text_in(bound[place]); };
  return like(self, replaced(self.text(), text(0), text(1), bound.integer(2, -1)));
}

Value remove(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"affix"}, 1);
  const std::string &text = self.text(), &affix = text_in(bound[0]);
  spend(text.size());
  if (name == "removeprefix") return like(self, text.starts_with(affix) ? text.substr(affix.size()) : text);
  return like(self, text.ends_with(affix) ? text.substr(0, text.size() - affix.size()) : text);
}

Value join(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"iterable"}, 1);
  std::vector<Value> parts = elements(bound[0]);
  for (Value& part : parts) {
    text_in(part);
    if (self.safe()) part = Value(safe_text(part));
  }
  return like(self, joined(parts, self.text()));
}

Value aligned(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"width", "fillchar"}, 1);
  const char side = name == "ljust" ? '<' : name == "rjust" ? '>' : '^';
  return like(self, centered(self, bound.integer(0, 0), bound.text(1, " "), side));
}

Value zero_filled(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"width"}, 1);
  const std::string& text = self.text();
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return like(self, text.substr(0, sign) + repeated("0", bound.integer(0, 0) - self.text_length()) + text.substr(sign));
}

Value tabs_expanded(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound bound(name, arguments, {"tabsize"}, 0);
  return like(self, expanded_tabs(self.text(), bound.integer(0, 8)));
}

Value format(const std::string& name, const Value& self, const Arguments& arguments) {
  if (name == "format") return like(self, brace_format(self.text(), arguments));
  const Bound bound(name, arguments, {"mapping"}, 1);
  Arguments mapped;
  if (!bound[0].is(Kind::dict)) throw Fault{"format_map: found no dict"};
  for (const auto& [key, value] : bound[0].pairs()) {
    if (key.is_text()) mapped.by_name.emplace_back(key.text(), value);
  }
  return like(self, brace_format(self.text(), mapped));
}

constexpr Row rows[] = {
    {"upper", changed<upper>},
    {"lower", changed<lower>},
    {"title", changed<title>},
    {"capitalize", changed<capitalized>},
    {"swapcase", changed<swapped_case>},
    {"casefold", changed<full_case_folded>},
    {"isalpha", all_are<is_alpha>},
    {"isalnum", all_are<is_alphanumeric>},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"isnumeric", all_are<is_numeric>},
    {"isspace", all_are<is_space>},
    {"isascii", all_or_empty},
    {"isprintable", all_or_empty},
    {"isupper", cased},
    {"islower", cased},
    {"istitle", titled},
    {"isidentifier", identifier},
    {"strip", strip},
    {"lstrip", strip},
    {"rstrip", strip},
    {"split", split},
    {"rsplit", split},
    {"splitlines", lines},
    {"partition", partition},
    {"rpartition", partition},
    {"find", find},
    {"rfind", find},
    {"index", find},
    {"rindex", find},
    {"count", count},
    {"startswith", starts_or_ends},
    {"endswith", starts_or_ends},
    {"replace", replace},
    {"removeprefix", remove},
    {"removesuffix", remove},
    {"join", join},
    {"center", aligned},
    {"ljust", aligned},
    {"rjust", aligned},
    {"zfill", zero_filled},
    {"expandtabs", tabs_expanded},
    {"format", format},
    {"format_map", format},
};

const Row* row_of(const std::string& name) {
  const auto* found = std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) { return name == row.name; });
  return found == std::end(rows) ? nullptr : found;
}

/// Python has them, and a template that asks for them must not take them for undefined.
bool beyond_us(const std::string& name) { return name == "encode" || name == "translate" || name == "maketrans"; }

}  // namespace

bool has_text_method(const std::string& name) { return row_of(name) != nullptr || beyond_us(name); }

Value call_text_method(const std::string& name, const Value& self, const Arguments& arguments) {
  const Row* row = row_of(name);
  if (row == nullptr) throw Fault{fmt::format("the method \"{}\" is not supported", name)};
  const bool names = name.ends_with("split") || name == "splitlines" || name == "expandtabs" || name == "format";
  if (!names && !arguments.by_name.empty()) throw Fault{fmt::format("{}: takes no arguments by name", name)};
  return row->apply(name, self, arguments);
}

}  // namespace hyplora::jinja

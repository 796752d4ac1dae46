// Jinja's filters of texts and numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"
#include "text/jinja/literals.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

__extension__ typedef __int128 Wide;

/// The text of any value, safe where it is; what soft_str gives.
Value soft_text(const Value& value) { return value.is_text() ? value : Value(text_of(value)); }

/// A filter that is a method of the value's text.
template <const char* const& Method>
Value by_method(const std::string&, const Value& value, const Arguments& arguments) {
  return call_text_method(Method, soft_text(value), arguments);
}
constexpr const char* upper_name = "upper";
constexpr const char* lower_name = "lower";
constexpr const char* capitalize_name = "capitalize";

Value title_case(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  const std::string text = text_of(value);
  spend(10 * text.size());
  std::string made, word;
  const auto finish = [&] {
    if (word.empty()) return;
    const size_t first = character_at(word, 0).bytes;
    made += upper(std::string_view(word).substr(0, first)) + lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    const bool parts =
        is_space(c.code) || (c.code < 0x80 && std::string_view("-({[<").find(static_cast<char>(c.code)) != std::string::npos);
    if (parts) finish();
    (parts ? made : word).append(text, place, c.bytes);
    place += c.bytes;
  }
  finish();
  return Value(std::move(made));
}

Value trim(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"chars"}, 0);
  const Value text = soft_text(value);
  return Value(stripped(text.text(), bound.has(0) ? bound[0] : Value(Kind::none), true, true), text.safe());
}

Value replace(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"old", "new", "count"}, 2);
  const int64_t most = bound.has(2) && !bound[2].is(Kind::none) ? integer_of(bound[2]) : -1;
  return Value(replaced(text_of(value), text_of(bound[0]), text_of(bound[1]), most));
}

Value center(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"width"}, 0);
  const Value text = soft_text(value);
  return Value(centered(text, bound.integer(0, 80), " ", '^'), text.safe());
}

Value string(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  return soft_text(value);
}

Value safe(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  return Value(text_of(value), true);
}

Value escape(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  return Value(name == "forceescape" ? escaped(text_of(value)) : safe_text(value), true);
}

Value format(const std::string&, const Value& value, const Arguments& arguments) {
  if (!arguments.in_order.empty() && !arguments.by_name.empty())
    throw Fault{"format: takes values in order or by name, not both"};
  std::vector<std::pair<Value, Value>> named;
  for (const auto& [name, one] : arguments.by_name) named.emplace_back(Value(name), one);
  const Value values = named.empty() ? Value::tuple(arguments.in_order) : Value::dict(std::move(named));
  return arithmetic("%", soft_text(value), values);
}

Value indent(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"width", "first", "blank"}, 0);
  const std::string by = bound.has(0) && bound[0].is_text() ? bound[0].text() : repeated(" ", bound.integer(0, 4));
  const std::vector<std::string> lines = split_lines(text_in(value) + "\n");
  std::string made = bound.flag(1) ? by : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    spend(lines[i].size() + by.size() + 10);
    require_room(made.size() + lines[i].size() + by.size());
    if (i > 0) made += '\n';
    if (i > 0 && (bound.flag(2) || !lines[i].empty())) made += by;
    made += lines[i];
  }
  return Value(std::move(made), value.safe());
}

Value truncate(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"length", "killwords", "end", "leeway"}, 0);
  const int64_t most = bound.integer(0, 255), leeway = bound.has(3) && !bound[3].is(Kind::none) ? integer_of(bound[3]) : 5;
  const Value end(bound.text(2, "..."));
  if (most < end.text_length()) throw Fault{"truncate: the length is less than that of the end"};
  if (leeway < 0) throw Fault{"truncate: the leeway is negative"};
  if (length(value) <= most + leeway) return value;
  std::string text = text_of(sliced(value, {Kind::none, most - end.text_length(), Kind::none}));
  if (!bound.flag(1)) text = text.substr(0, text.rfind(' '));
  return Value(text + end.text());
}

Value wordcount(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  const std::string text = text_of(value);
  int64_t count = 0;
  bool inside = false;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    count += is_word(c.code) && !inside ? 1 : 0;
    inside = is_word(c.code);
    place += c.bytes;
  }
  return count;
}

std::string percent_encoded(const std::string& text, bool query) {
  std::string made;
  spend(10 * text.size());
  require_room(3 * text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query);
    made += plain ? std::string(1, c) : c == ' ' && query ? "+" : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

Value urlencode(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (value.is_text() || !iterable(value)) return Value(percent_encoded(text_of(value), false));
  const Value pairs = value.is(Kind::dict) ? Value(Kind::view, std::make_shared<View>(value, View::Part::items)) : value;
  std::string made;
  for (const Value& one : elements(pairs)) {
    const std::vector<Value> pair = elements(one);
    if (pair.size() != 2) throw Fault{"urlencode: found an element that is no pair"};
    made += (made.empty() ? "" : "&") + percent_encoded(text_of(pair[0]), true) + "=" + percent_encoded(text_of(pair[1]), true);
  }
  return Value(std::move(made));
}

Value tojson(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0);
  JsonForm form;
  form.ascii = bound.flag(0);
  form.sorted = bound.flag(3);
  if (bound.has(1) && !bound[1].is(Kind::none)) {
    form.indent = bound[1].is_text() ? bound[1].text() : repeated(" ", integer_of(bound[1]));
    form.between_items = ",";
  }
  if (bound.has(2) && !bound[2].is(Kind::none)) {
    const std::vector<Value> separators = elements(bound[2]);
    if (separators.size() != 2) throw Fault{"tojson: separators are not two"};
    form.between_items = text_in(separators[0]);
    form.after_key = text_in(separators[1]);
  }
  return Value(json_text_of(value, form));
}

/// A float's nearest with so many decimal places; of two, the even one.
double rounded(double value, int64_t places) {
  if (!std::isfinite(value)) return value;
  if (places > 330) return value;
  if (places >= 0) return parsed_real(fmt::format("{:.{}f}", value, static_cast<int>(places))).value_or(value);
  const double unit = std::pow(10.0, static_cast<double>(std::min<int64_t>(-places, 400)));
  return std::isinf(unit) ? std::copysign(0.0, value) : std::nearbyint(value / unit) * unit;
}

int64_t rounded_integer(int64_t value, int64_t places) {
  if (places >= 0) return value;
  if (places < -18) return 0;
  int64_t unit = 1;
  for (int64_t i = 0; i < -places; ++i) unit *= 10;
  const int64_t rest = ((value % unit) + unit) % unit;
  const Wide below = static_cast<Wide>(value) - rest;
  const bool up = rest > unit - rest || (rest == unit - rest && (below / unit) % 2 != 0);
  return static_cast<int64_t>(below + (up ? unit : 0));
}

Value round(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"precision", "method"}, 0);
  const std::string method = bound.text(1, "common");
  const int64_t places = bound.integer(0, 0);
  if (method != "common" && method != "ceil" && method != "floor")
    throw Fault{"round: the method is neither common, ceil nor floor"};
  const double number = real_of(value);
  if (method == "common")
    return value.is_integer() ? Value(rounded_integer(value.integer(), places)) : Value(rounded(number, places));
  const double unit = std::pow(10.0, static_cast<double>(places)), scaled = number * unit;
  if (!std::isfinite(scaled)) throw Fault{"round: the number is not finite"};
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit;
}

Value truncated(double real) {
  if (std::isnan(real)) return Kind::absent;
  if (!(std::abs(real) < 9.3e18)) throw Fault{"an integer does not fit into 64 bits"};
  if (real >= 9223372036854775808.0 || real < -9223372036854775808.0) throw Fault{"an integer does not fit into 64 bits"};
  return static_cast<int64_t>(real);
}

Value to_integer(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"default", "base"}, 0);
  const Value otherwise = bound.has(0) ? bound[0] : Value(int64_t{0});
  require_defined(value);
  if (value.is_integer()) return value.integer();
  if (value.is(Kind::real)) {
    const Value made = truncated(value.real());
    return made.given() ? made : otherwise;
  }
  if (!value.is_text()) return otherwise;
  spend(value.text().size());
  if (const auto integer = parsed_integer(value.text(), bound.integer(1, 10))) return *integer;
  const auto real = parsed_real(value.text());
  if (!real || !std::isfinite(*real)) return otherwise;
  return truncated(*real);
}

Value to_real(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"default"}, 0);
  require_defined(value);
  if (value.is_number()) return value.real();
  const auto real = value.is_text() ? parsed_real(value.text()) : std::nullopt;
  return real ? Value(*real) : bound.has(0) ? bound[0] : Value(0.0);
}

Value absolute(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (value.is(Kind::real)) return std::abs(value.real());
  const int64_t integer = integer_of(value);
  return integer < 0 ? arithmetic("-", int64_t{0}, value) : Value(integer);
}

Value file_size(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"binary"}, 0);
  const auto given = value.is_text() ? parsed_real(value.text()) : std::optional(real_of(value));
  if (!given) throw Fault{"filesizeformat: found no number"};
  const double bytes = *given, base = bound.flag(0) ? 1024 : 1000;
  if (bytes == 1) return "1 Byte";
  if (bytes < base) return Value(fmt::format("{} Bytes", static_cast<int64_t>(bytes)));
  double unit = base;
  size_t letter = 0;
  for (; letter < 7 && bytes >= unit * base; ++letter) unit *= base;
  return Value(fmt::format("{:.1f} {}{}", bytes / unit, std::string(1, (bound.flag(0) ? "KMGTPEZY" : "kMGTPEZY")[letter]),
                           bound.flag(0) ? "iB" : "B"));
}

constexpr FilterRow rows[] = {
    {"abs", absolute},
    {"capitalize", by_method<capitalize_name>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"filesizeformat", file_size},
    {"float", to_real},
    {"forceescape", escape},
    {"format", format},
    {"indent", indent},
    {"int", to_integer},
    {"lower", by_method<lower_name>},
    {"replace", replace},
    {"round", round},
    {"safe", safe},
    {"string", string},
    {"title", title_case},
    {"tojson", tojson},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", by_method<upper_name>},
    {"urlencode", urlencode},
    {"wordcount", wordcount},
};

}  // namespace

std::string escaped(const std::string& text) {
  std::string made;
  require_room(6 * text.size());
  spend(2 * text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '\'':
        made += "&#39;";
        break;
      case '"':
        made += "&#34;";
        break;
      default:
        made += c;
    }
  }
  return made;
}

std::string safe_text(const Value& value) { return value.is_text() && value.safe() ? value.text() : escaped(text_of(value)); }

const FilterRow* text_filter(const std::string& name) {
  const auto* found = std::find_if(std::begin(rows), std::end(rows), [&](const FilterRow& row) { return name == row.name; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace hyplora::jinja

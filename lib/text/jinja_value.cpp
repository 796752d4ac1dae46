#include "text/jinja_value.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

constexpr int64_t longest = 64 << 20;  // bytes of a text

/// The shortest decimal that reads back as the same number, as Python spells it.
std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::fabs(value);
  std::string text = size != 0 && (size < 1e-4 || size >= 1e16) ? fmt::format("{:e}", value) : fmt::format("{}", value);
  for (int digits = 0; digits < 17 && text.find('e') != text.npos; ++digits) {
    text = fmt::format("{:.{}e}", value, digits);
    if (std::strtod(text.c_str(), nullptr) == value) return text;
  }
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

std::string quoted(const std::string& text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string made(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      made += {'\\', c};
    } else if (c == '\n') {
      made += "\\n";
    } else if (c == '\r') {
      made += "\\r";
    } else if (c == '\t') {
      made += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      made += fmt::format("\\x{:02x}", byte);
    } else {
      made += c;
    }
  }
  return made + quote;
}

std::string dumped_text(const std::string& text) {
  std::string made = "\"";
  for (const char c : text) {
    static constexpr std::string_view plain = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    if (const size_t place = plain.find(c); place != plain.npos) {
      made += {'\\', letters[place]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      made += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      made += c;
    }
  }
  return made + '"';
}

bool is_numeric(const Json& value) { return value.is_number() || value.is_boolean(); }
double number(const Json& value) { return value.is_boolean() ? (value.get<bool>() ? 1 : 0) : value.get<double>(); }

[[noreturn]] void no_sense(const std::string& sign, const Value& a, const Value& b) {
  throw Fault{fmt::format("\"{}\" has no meaning between {} and {}", sign,
                          a.is_undefined() ? "undefined" : text_of(a).substr(0, 60),
                          b.is_undefined() ? "undefined" : text_of(b).substr(0, 60))};
}

Value integers(const std::string& sign, int64_t a, int64_t b) {
  int64_t made = 0;
  const bool adds = sign == "+", subtracts = sign == "-", multiplies = sign == "*";
  const bool overflows = adds        ? __builtin_add_overflow(a, b, &made)
                         : subtracts ? __builtin_sub_overflow(a, b, &made)
                                     : multiplies && __builtin_mul_overflow(a, b, &made);
  if (overflows) throw Fault{"a number leaves the range of 64 bits"};
  if (adds || subtracts || multiplies) return Json(made);
  if (b == 0 || (b == -1 && a == INT64_MIN)) throw Fault{"a division by zero"};
  const int64_t rest = a % b;
  const bool below = rest != 0 && (rest < 0) != (b < 0);
  return Json(sign == "//" ? a / b - (below ? 1 : 0) : rest + (below ? b : 0));
}

Value reals(const std::string& sign, double a, double b) {
  if (sign == "+") return Json(a + b);
  if (sign == "-") return Json(a - b);
  if (sign == "*") return Json(a * b);
  if (sign == "**") return Json(std::pow(a, b));
  if (b == 0) throw Fault{"a division by zero"};
  if (sign == "/") return Json(a / b);
  if (sign == "//") return Json(std::floor(a / b));
  return Json(a - std::floor(a / b) * b);
}

Value power(const Value& a, const Value& b) {
  if (!a.is_integer() || !b.is_integer() || integer_of(b) < 0) return reals("**", real_of(a), real_of(b));
  int64_t made = 1;
  if (integer_of(b) > 64 && std::abs(integer_of(a)) > 1) throw Fault{"a number leaves the range of 64 bits"};
  for (int64_t i = 0; i < std::min<int64_t>(integer_of(b), 64); ++i) made = integers("*", made, integer_of(a)).json();
  return Json(made);
}

Value repeated(const Value& what, int64_t times) {
  times = std::max<int64_t>(times, 0);
  if (times > longest || times * std::max<int64_t>(length(what), 1) > longest) throw Fault{"a text longer than 64 MiB"};
  if (what.is_string()) {
    std::string text;
    for (int64_t i = 0; i < times; ++i) text += what.json().get_ref<const std::string&>();
    return Json(text);
  }
  Json list = Json::array();
  for (int64_t i = 0; i < times; ++i) {
    for (const Json& one : what.json()) list.push_back(one);
  }
  return list;
}

std::optional<size_t> place_of(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  return index >= 0 && index < count ? std::optional(static_cast<size_t>(index)) : std::nullopt;
}

}  // namespace

bool truth(const Value& value) {
  if (value.is_undefined()) return false;
  if (!value.is_json()) return true;
  const Json& json = value.json();
  if (json.is_null()) return false;
  if (is_numeric(json)) return number(json) != 0;
  return json.is_string() ? !json.get_ref<const std::string&>().empty() : !json.empty();
}

std::string repr(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_string()) return quoted(value.get_ref<const std::string&>());
  if (value.is_number_float()) return real_text(value.get<double>());
  if (value.is_number()) return json_text(value);
  std::string text;
  for (const auto& [key, one] : value.items())
    text += (text.empty() ? "" : ", ") + (value.is_object() ? quoted(key) + ": " : "") + repr(one);
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

std::string text_of(const Value& value) {
  if (value.is_undefined()) return "";
  if (!value.is_json()) throw Fault{"a namespace, a macro or a function has no text"};
  return value.is_string() ? value.json().get_ref<const std::string&>() : repr(value.json());
}

int64_t integer_of(const Value& value) {
  if (!value.is_integer()) throw Fault{"a whole number is expected"};
  return value.json().is_boolean() ? value.json().get<bool>() : value.json().get<int64_t>();
}

double real_of(const Value& value) {
  if (!value.is_number()) throw Fault{"a number is expected"};
  return number(value.json());
}

bool equal(const Json& a, const Json& b) {
  if (is_numeric(a) && is_numeric(b)) return number(a) == number(b);
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (!a.is_structured()) return a == b;
  for (const auto& [key, one] : a.items()) {
    const Json* other = a.is_array() ? &b[static_cast<size_t>(std::stoull(key))] : b.contains(key) ? &b[key] : nullptr;
    if (other == nullptr || !equal(one, *other)) return false;
  }
  return true;
}

bool less(const Json& a, const Json& b) {
  if (is_numeric(a) && is_numeric(b)) return number(a) < number(b);
  if (a.is_string() && b.is_string()) return a.get_ref<const std::string&>() < b.get_ref<const std::string&>();
  if (!a.is_array() || !b.is_array()) throw Fault{"an order between what has none"};
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!equal(a[i], b[i])) return less(a[i], b[i]);
  }
  return a.size() < b.size();
}

bool contains(const Value& whole, const Value& part) {
  if (whole.is_undefined()) return false;
  if (whole.is_string()) {
    if (!part.is_string()) no_sense("in", part, whole);
    return whole.json().get_ref<const std::string&>().find(part.json().get_ref<const std::string&>()) != std::string::npos;
  }
  if (!part.is_json()) return false;
  if (whole.is_dict()) return part.is_string() && whole.json().contains(part.json().get_ref<const std::string&>());
  if (!whole.is_list()) no_sense("in", part, whole);
  return std::any_of(whole.json().begin(), whole.json().end(), [&](const Json& one) { return equal(one, part.json()); });
}

Value binary(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "~") return Json(text_of(a) + text_of(b));
  if (sign == "in") return Json(contains(b, a));
  if (sign == "not in") return Json(!contains(b, a));
  const bool both = a.is_json() && b.is_json();
  if (sign == "==" || sign == "!=") {
    const bool same = both ? equal(a.json(), b.json()) : a.is_undefined() && b.is_undefined();
    return Json(same == (sign == "=="));
  }
  if (!both) no_sense(sign, a, b);
  if (sign == "<") return Json(less(a.json(), b.json()));
  if (sign == ">") return Json(less(b.json(), a.json()));
  if (sign == "<=") return Json(!less(b.json(), a.json()));
  if (sign == ">=") return Json(!less(a.json(), b.json()));
  if (a.is_number() && b.is_number()) {
    if (sign == "**") return power(a, b);
    if (a.is_integer() && b.is_integer() && sign != "/") return integers(sign, integer_of(a), integer_of(b));
    return reals(sign, real_of(a), real_of(b));
  }
  if (sign == "+" && a.is_string() && b.is_string()) return Json(text_of(a) + text_of(b));
  if (sign == "+" && a.is_list() && b.is_list()) {
    Json joined = a.json();
    joined.insert(joined.end(), b.json().begin(), b.json().end());
    return joined;
  }
  if (sign == "*" && (a.is_string() || a.is_list()) && b.is_integer()) return repeated(a, integer_of(b));
  if (sign == "*" && (b.is_string() || b.is_list()) && a.is_integer()) return repeated(b, integer_of(a));
  no_sense(sign, a, b);
}

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> made;
  for (size_t i = 0; i < text.size(); i += made.back().size()) made.push_back(text.substr(i, character_at(text, i).bytes));
  return made;
}

std::vector<Value> elements(const Value& value) {
  std::vector<Value> all;
  if (value.is_undefined()) return all;
  if (value.is_string()) {
    for (auto& one : characters(value.json().get_ref<const std::string&>())) all.emplace_back(Json(std::move(one)));
  } else if (value.is_dict()) {
    for (const auto& [key, unused] : value.json().items()) all.emplace_back(Json(key));
  } else if (value.is_list()) {
    for (const Json& one : value.json()) all.emplace_back(value, one);
  } else {
    throw Fault{"a loop needs a list, found " +
                (value.is_json() ? repr(value.json()).substr(0, 60) : "a namespace or a macro")};
  }
  return all;
}

int64_t length(const Value& value) {
  if (value.is_list() || value.is_dict()) return static_cast<int64_t>(value.json().size());
  return static_cast<int64_t>(elements(value).size());
}

Value item(const Value& value, const Value& index) {
  if (value.is_undefined()) throw Fault{fmt::format("'{}' is undefined", value.name())};
  if (value.is_dict() && index.is_string()) {
    const auto found = value.json().find(index.json().get_ref<const std::string&>());
    if (found != value.json().end()) return Value(value, *found);
  } else if (value.is_list() && index.is_integer()) {
    if (const auto place = place_of(integer_of(index), value.json().size())) return Value(value, value.json()[*place]);
  } else if (value.is_string() && index.is_integer()) {
    const auto all = characters(value.json().get_ref<const std::string&>());
    if (const auto place = place_of(integer_of(index), all.size())) return Json(all[*place]);
  } else if (value.attributes() != nullptr && index.is_string()) {
    const auto found = value.attributes()->find(index.json().get_ref<const std::string&>());
    if (found != value.attributes()->end()) return found->second;
  }
  return Value::undefined(index.is_undefined() ? "" : text_of(index));
}

Value slice(const Value& value, const std::optional<int64_t>& start, const std::optional<int64_t>& stop, int64_t step) {
  if (step == 0) throw Fault{"a slice with a step of 0"};
  if (!value.is_string() && !value.is_list()) throw Fault{"a slice needs a text or a list"};
  const auto all = elements(value);
  const auto size = static_cast<int64_t>(all.size());
  const auto bound = [&](int64_t index) {
    if (index < 0) index += size;
    return std::clamp<int64_t>(index, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
  };
  const int64_t first = start ? bound(*start) : step > 0 ? 0 : size - 1, end = stop ? bound(*stop) : step > 0 ? size : -1;
  std::string text;
  Json list = Json::array();
  for (int64_t i = first; step > 0 ? i < end : i > end; i += std::clamp<int64_t>(step, -size - 1, size + 1)) {
    if (value.is_string()) text += text_of(all[static_cast<size_t>(i)]);
    if (value.is_list()) list.push_back(all[static_cast<size_t>(i)].json());
  }
  return value.is_string() ? Value(Json(text)) : Value(list);
}

std::string dumped(const Json& value, std::optional<int64_t> indent, int64_t level) {
  if (value.is_string()) return dumped_text(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const std::string text = real_text(value.get<double>());
    return text == "nan" ? "NaN" : text.ends_with("inf") ? text.substr(0, text.size() - 3) + "Infinity" : text;
  }
  if (!value.is_structured()) return json_text(value);
  if (value.empty()) return value.is_object() ? "{}" : "[]";
  const auto line = [&](int64_t deep) {
    return indent ? "\n" + std::string(static_cast<size_t>(std::clamp<int64_t>(*indent * deep, 0, 10'000)), ' ') : "";
  };
  std::string text;
  for (const auto& [key, one] : value.items()) {
    text += text.empty() ? line(level + 1) : indent ? "," + line(level + 1) : ", ";
    text += (value.is_object() ? dumped_text(key) + ": " : "") + dumped(one, indent, level + 1);
  }
  return (value.is_object() ? "{" : "[") + text + line(level) + (value.is_object() ? "}" : "]");
}

}  // namespace hyplora::jinja

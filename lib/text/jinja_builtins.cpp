#include "text/jinja_builtins.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"
#include "text/jinja_text.h"

namespace hyplora::jinja {
namespace {

/// A value under a dotted name: attributes and indices.
Value under(const Value& value, const Value& path, const Value& otherwise = {}) {
  if (!path.is_string()) return item(value, path);
  Value found = value;
  const Text& name = text_in(path);
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const Text part = name.substr(begin, end - begin);
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    found = item(found, index && part.size() < 10 ? Value(Json(std::stoll(part))) : Value(Json(part)));
    if (found.is_undefined() && !otherwise.is_undefined()) found = otherwise;
    begin = end + 1;
  }
  return found;
}

/// select, reject, selectattr, rejectattr.
Json selected(const Value& list, Arguments arguments, bool keeps, bool by_attribute) {
  Value path;
  if (by_attribute) {
    path = arguments.get(0, "attribute");
    if (!arguments.in_order.empty()) arguments.in_order.erase(arguments.in_order.begin());
  }
  Arguments rest = arguments;
  if (!rest.in_order.empty()) rest.in_order.erase(rest.in_order.begin());
  std::vector<Value> kept;
  for (const Value& one : elements(list)) {
    const Value looked_at = by_attribute ? under(one, path) : one;
    const bool yes = arguments.in_order.empty() ? truth(looked_at) : tested(text_in(arguments.in_order[0]), looked_at, rest);
    if (yes == keeps) kept.push_back(one);
  }
  return list_of(kept);
}

Json mapped(const Value& list, const Arguments& arguments) {
  std::vector<Value> made;
  const Value attribute = arguments.get(99, "attribute"), otherwise = arguments.get(99, "default");
  Arguments rest;
  if (arguments.in_order.size() > 1) rest.in_order.assign(arguments.in_order.begin() + 1, arguments.in_order.end());
  for (const Value& one : elements(list)) {
    Value found =
        attribute.is_undefined() ? filtered(text_in(arguments.get(0, "filter")), one, rest) : under(one, attribute, otherwise);
    made.push_back(found);
  }
  return list_of(made);
}

Json sorted(const Value& list, const Arguments& arguments) {
  auto all = elements(list);
  const bool large = arguments.has(1, "case_sensitive") && truth(arguments.get(1, "case_sensitive"));
  const Value attribute = arguments.get(2, "attribute");
  const auto key = [&](const Value& one) {
    const Value found = attribute.is_undefined() ? one : under(one, attribute);
    return folded(found.is_json() ? found.json() : Json(nullptr), large);
  };
  const bool falls = truth(arguments.get(0, "reverse"));
  std::stable_sort(all.begin(), all.end(),
                   [&](const Value& a, const Value& b) { return falls ? less(key(b), key(a)) : less(key(a), key(b)); });
  return list_of(all);
}

Json unique(const Value& list) {
  std::vector<Value> kept;
  for (const Value& one : elements(list)) {
    const auto same = [&](const Value& other) { return equal(folded(one.json(), false), folded(other.json(), false)); };
    if (std::none_of(kept.begin(), kept.end(), same)) kept.push_back(one);
  }
  return list_of(kept);
}

Value to_integer(const Value& value, const Value& otherwise) {
  if (value.is_number()) return Json(static_cast<int64_t>(real_of(value)));
  const Text text = value.is_string() ? stripped(text_in(value), {}, true, true) : "";
  const bool whole =
      !text.empty() && text.find_first_not_of("0123456789", text[0] == '-' || text[0] == '+' ? 1 : 0) == text.npos;
  if (whole && text.size() < 19 && text.size() > (text[0] == '-' || text[0] == '+' ? 1 : 0))
    return Json(int64_t{std::stoll(text)});
  const auto number = try_json(text);
  if (number && number->is_number()) return Json(static_cast<int64_t>(number->get<double>()));
  return otherwise.is_undefined() ? Value(Json(0)) : otherwise;
}

Value to_real(const Value& value, const Value& otherwise) {
  if (value.is_number()) return Json(real_of(value));
  const auto number = value.is_string() ? try_json(stripped(text_in(value), {}, true, true)) : std::nullopt;
  if (number && number->is_number()) return Json(number->get<double>());
  return otherwise.is_undefined() ? Value(Json(0.0)) : otherwise;
}

Value rounded(const Value& value, const Arguments& arguments) {
  if (value.is_integer() && !arguments.has(1, "method")) return Json(integer_of(value));
  const double power =
      std::pow(10, arguments.has(0, "precision") ? static_cast<double>(integer_of(arguments.get(0, "precision"))) : 0);
  const Text how = arguments.text(1, "method", "common");
  const double scaled = real_of(value) * power;
  return Json((how == "ceil" ? std::ceil(scaled) : how == "floor" ? std::floor(scaled) : std::nearbyint(scaled)) / power);
}

Value extreme(const Value& list, bool largest) {
  const auto all = elements(list);
  if (all.empty()) return {};
  const auto order = [](const Value& a, const Value& b) { return less(folded(a.json(), false), folded(b.json(), false)); };
  return largest ? *std::max_element(all.begin(), all.end(), order) : *std::min_element(all.begin(), all.end(), order);
}

Value total(const Value& list) {
  Value sum = Json(0);
  for (const Value& one : elements(list)) sum = binary("+", sum, one);
  return sum;
}

using Filter = std::function<Value(const Value& value, const Arguments& a)>;

const std::map<Text, Filter>& filters() {
  static const std::map<Text, Filter> all{
      {"trim", [](const Value& v, const Arguments& a) { return Json(stripped(text_of(v), a.get(0, "chars"), true, true)); }},
      {"tojson",
       [](const Value& v, const Arguments& a) {
         if (!v.is_json()) throw Fault{"tojson of what is undefined"};
         const Value indent = a.get(0, "indent");
         for (const auto& [name, value] : a.by_name) {
           if (name != "indent" && name != "ensure_ascii") throw Fault{"tojson with " + name + " is not supported"};
         }
         return Json(dumped(v.json(), indent.is_integer() ? std::optional(integer_of(indent)) : std::nullopt));
       }},
      {"length", [](const Value& v, const Arguments&) { return Json(length(v)); }},
      {"count", [](const Value& v, const Arguments&) { return Json(length(v)); }},
      {"upper", [](const Value& v, const Arguments&) { return Json(upper(text_of(v))); }},
      {"lower", [](const Value& v, const Arguments&) { return Json(lower(text_of(v))); }},
      {"title", [](const Value& v, const Arguments&) { return Json(title(text_of(v), true)); }},
      {"capitalize", [](const Value& v, const Arguments&) { return Json(capitalized(text_of(v))); }},
      {"replace",
       [](const Value& v, const Arguments& a) {
         return Json(replaced(text_of(v), a.text(0, "old", ""), a.text(1, "new", ""),
                              a.has(2, "count") ? integer_of(a.get(2, "count")) : -1));
       }},
      {"join", [](const Value& v, const Arguments& a) { return Json(joined(v, a.text(0, "d", ""), a.get(1, "attribute"))); }},
      {"first",
       [](const Value& v, const Arguments&) {
         const auto all = elements(v);
         return all.empty() ? Value() : all.front();
       }},
      {"last",
       [](const Value& v, const Arguments&) {
         const auto all = elements(v);
         return all.empty() ? Value() : all.back();
       }},
      {"default",
       [](const Value& v, const Arguments& a) {
         const bool empty = v.is_undefined() || (truth(a.get(1, "boolean")) && !truth(v));
         return !empty ? v : a.get(0, "default_value").is_undefined() ? Value(Json("")) : a.get(0, "default_value");
       }},
      {"selectattr", [](const Value& v, const Arguments& a) { return selected(v, a, true, true); }},
      {"rejectattr", [](const Value& v, const Arguments& a) { return selected(v, a, false, true); }},
      {"select", [](const Value& v, const Arguments& a) { return selected(v, a, true, false); }},
      {"reject", [](const Value& v, const Arguments& a) { return selected(v, a, false, false); }},
      {"map", [](const Value& v, const Arguments& a) { return mapped(v, a); }},
      {"list", [](const Value& v, const Arguments&) { return list_of(elements(v)); }},
      {"items", [](const Value& v, const Arguments&) { return pairs(v, false, false); }},
      {"dictsort",
       [](const Value& v, const Arguments& a) {
         Json all = pairs(v, true, a.text(1, "by", "key") == "value");
         if (truth(a.get(2, "reverse"))) std::reverse(all.begin(), all.end());
         return all;
       }},
      {"string", [](const Value& v, const Arguments&) { return Json(text_of(v)); }},
      {"safe", [](const Value& v, const Arguments&) { return v; }},
      {"int", [](const Value& v, const Arguments& a) { return to_integer(v, a.get(0, "default")); }},
      {"float", [](const Value& v, const Arguments& a) { return to_real(v, a.get(0, "default")); }},
      {"unique", [](const Value& v, const Arguments&) { return unique(v); }},
      {"sort", [](const Value& v, const Arguments& a) { return sorted(v, a); }},
      {"reverse",
       [](const Value& v, const Arguments&) {
         if (v.is_string()) return slice(v, {}, {}, -1);
         auto all = elements(v);
         std::reverse(all.begin(), all.end());
         return Value(list_of(all));
       }},
      {"indent",
       [](const Value& v, const Arguments& a) {
         const Value width = a.get(0, "width");
         return Json(indented(
             text_of(v),
             width.is_string()
                 ? text_in(width)
                 : Text(width.is_integer() ? static_cast<size_t>(std::clamp<int64_t>(integer_of(width), 0, 1000)) : 4, ' '),
             truth(a.get(1, "first")), truth(a.get(2, "blank"))));
       }},
      {"abs", [](const Value& v,
                 const Arguments&) { return v.is_integer() ? Json(std::abs(integer_of(v))) : Json(std::fabs(real_of(v))); }},
      {"round", [](const Value& v, const Arguments& a) { return rounded(v, a); }},
      {"max", [](const Value& v, const Arguments&) { return extreme(v, true); }},
      {"min", [](const Value& v, const Arguments&) { return extreme(v, false); }},
      {"sum", [](const Value& v, const Arguments&) { return total(v); }},
      {"wordcount", [](const Value& v, const Arguments&) { return Json(split(text_of(v), {}, -1, false).size()); }}};
  return all;
}

using Test = std::function<bool(const Value& value, const Arguments& a)>;

Test compares(const char* sign) {
  return [sign](const Value& v, const Arguments& a) { return truth(binary(sign, v, a.get(0, "other"))); };
}

const std::map<Text, Test>& tests() {
  static const std::map<Text, Test> all{
      {"defined", [](const Value& v, const Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](const Value& v, const Arguments&) { return v.is_undefined(); }},
      {"none", [](const Value& v, const Arguments&) { return v.is_none(); }},
      {"string", [](const Value& v, const Arguments&) { return v.is_string(); }},
      {"mapping", [](const Value& v, const Arguments&) { return v.is_dict(); }},
      {"iterable",
       [](const Value& v, const Arguments&) { return v.is_undefined() || v.is_string() || v.is_list() || v.is_dict(); }},
      {"sequence",
       [](const Value& v, const Arguments&) { return v.is_undefined() || v.is_string() || v.is_list() || v.is_dict(); }},
      {"number", [](const Value& v, const Arguments&) { return v.is_number(); }},
      {"integer", [](const Value& v, const Arguments&) { return v.is_json() && v.json().is_number_integer(); }},
      {"float", [](const Value& v, const Arguments&) { return v.is_json() && v.json().is_number_float(); }},
      {"boolean", [](const Value& v, const Arguments&) { return v.is_json() && v.json().is_boolean(); }},
      {"true", [](const Value& v, const Arguments&) { return v.is_json() && v.json() == Json(true); }},
      {"false", [](const Value& v, const Arguments&) { return v.is_json() && v.json() == Json(false); }},
      {"callable", [](const Value& v, const Arguments&) { return v.macro_node() != nullptr || !v.function_name().empty(); }},
      {"odd", [](const Value& v, const Arguments&) { return std::abs(integer_of(v)) % 2 == 1; }},
      {"even", [](const Value& v, const Arguments&) { return integer_of(v) % 2 == 0; }},
      {"divisibleby", [](const Value& v, const Arguments& a) { return integer_of(binary("%", v, a.get(0, "num"))) == 0; }},
      {"lower", [](const Value& v, const Arguments&) { return text_of(v) == lower(text_of(v)); }},
      {"upper", [](const Value& v, const Arguments&) { return text_of(v) == upper(text_of(v)); }},
      {"in", compares("in")},
      {"equalto", compares("==")},
      {"eq", compares("==")},
      {"ne", compares("!=")},
      {"lt", compares("<")},
      {"lessthan", compares("<")},
      {"le", compares("<=")},
      {"gt", compares(">")},
      {"greaterthan", compares(">")},
      {"ge", compares(">=")}};
  return all;
}

Text plain_name(const Text& name, const std::map<Text, Text>& others) {
  const auto found = others.find(name);
  return found == others.end() ? name : found->second;
}

}  // namespace

Value Arguments::get(size_t place, const char* name) const {
  if (place < in_order.size()) return in_order[place];
  for (const auto& [key, value] : by_name) {
    if (key == name) return value;
  }
  return {};
}

std::string Arguments::text(size_t place, const char* name, const std::string& otherwise) const {
  return has(place, name) ? text_of(get(place, name)) : otherwise;
}

Value filtered(const std::string& filter, const Value& value, const Arguments& arguments) {
  const auto found = filters().find(plain_name(filter, {{"d", "default"}, {"e", "escape"}}));
  if (found == filters().end()) throw Fault{"the filter \"" + filter + "\" is not supported"};
  return found->second(value, arguments);
}

bool tested(const std::string& test, const Value& value, const Arguments& arguments) {
  const auto found =
      tests().find(plain_name(test, {{"==", "eq"}, {"!=", "ne"}, {"<", "lt"}, {"<=", "le"}, {">", "gt"}, {">=", "ge"}}));
  if (found == tests().end()) throw Fault{"the test \"" + test + "\" is not supported"};
  return found->second(value, arguments);
}

}  // namespace hyplora::jinja

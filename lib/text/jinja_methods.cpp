// The methods of jinja_builtins.h.
#include <algorithm>
#include <functional>

#include "text/jinja_builtins.h"
#include "text/jinja_text.h"

namespace hyplora::jinja {
namespace {

using Filter = std::function<Value(const Value& value, const Arguments& a)>;

Value found_at(const Text& text, const Arguments& a, bool from_right) {
  const Text part = a.text(0, "sub", "");
  const size_t place = from_right ? text.rfind(part) : text.find(part);
  return place == text.npos ? Json(-1) : Json(static_cast<int64_t>(characters(text.substr(0, place)).size()));
}

/// A text, or one of several in a list.
bool one_of(const Value& given, const std::function<bool(const Text& part)>& is) {
  if (given.is_string()) return is(text_in(given));
  const auto all = elements(given);
  return std::any_of(all.begin(), all.end(), [&](const Value& one) { return is(text_in(one)); });
}

bool all_of(const Text& text, bool (*is)(char c)) { return !text.empty() && std::all_of(text.begin(), text.end(), is); }

const std::map<Text, Filter>& text_methods() {
  const auto parts = [](bool from_right) {
    return [from_right](const Value& v, const Arguments& a) {
      const Value most = a.get(1, "maxsplit");
      return Value(split(text_in(v), a.get(0, "sep"), most.is_undefined() ? -1 : integer_of(most), from_right));
    };
  };
  static const std::map<Text, Filter> all{
      {"strip", [](const Value& v, const Arguments& a) { return Json(stripped(text_in(v), a.get(0, "chars"), true, true)); }},
      {"lstrip", [](const Value& v, const Arguments& a) { return Json(stripped(text_in(v), a.get(0, "chars"), true, false)); }},
      {"rstrip", [](const Value& v, const Arguments& a) { return Json(stripped(text_in(v), a.get(0, "chars"), false, true)); }},
      {"split", parts(false)},
      {"rsplit", parts(true)},
      {"splitlines",
       [](const Value& v, const Arguments&) {
         Text text = text_in(v);
         if (text.ends_with('\n')) text.pop_back();
         return text.empty() && text_in(v).empty() ? Json::array() : split(text, Json("\n"), -1, false);
       }},
      {"startswith",
       [](const Value& v, const Arguments& a) {
         return Json(one_of(a.get(0, "prefix"), [&](const Text& part) { return text_in(v).starts_with(part); }));
       }},
      {"endswith",
       [](const Value& v, const Arguments& a) {
         return Json(one_of(a.get(0, "suffix"), [&](const Text& part) { return text_in(v).ends_with(part); }));
       }},
      {"upper", [](const Value& v, const Arguments&) { return Json(upper(text_in(v))); }},
      {"lower", [](const Value& v, const Arguments&) { return Json(lower(text_in(v))); }},
      {"title", [](const Value& v, const Arguments&) { return Json(title(text_in(v), false)); }},
      {"capitalize", [](const Value& v, const Arguments&) { return Json(capitalized(text_in(v))); }},
      {"replace",
       [](const Value& v, const Arguments& a) {
         return Json(replaced(text_in(v), a.text(0, "old", ""), a.text(1, "new", ""),
                              a.has(2, "count") ? integer_of(a.get(2, "count")) : -1));
       }},
      {"find", [](const Value& v, const Arguments& a) { return found_at(text_in(v), a, false); }},
      {"rfind", [](const Value& v, const Arguments& a) { return found_at(text_in(v), a, true); }},
      {"count",
       [](const Value& v, const Arguments& a) { return Json(split(text_in(v), a.get(0, "sub"), -1, false).size() - 1); }},
      {"join", [](const Value& v, const Arguments& a) { return Json(joined(a.get(0, "iterable"), text_in(v), {})); }},
      {"removeprefix",
       [](const Value& v, const Arguments& a) {
         const Text part = a.text(0, "prefix", "");
         return Json(text_in(v).starts_with(part) ? text_in(v).substr(part.size()) : text_in(v));
       }},
      {"removesuffix",
       [](const Value& v, const Arguments& a) {
         const Text part = a.text(0, "suffix", "");
         return Json(text_in(v).ends_with(part) ? text_in(v).substr(0, text_in(v).size() - part.size()) : text_in(v));
       }},
      {"isdigit",
       [](const Value& v, const Arguments&) { return Json(all_of(text_in(v), [](char c) { return c >= '0' && c <= '9'; })); }},
      {"isspace", [](const Value& v,
                     const Arguments&) { return Json(!text_in(v).empty() && stripped(text_in(v), {}, true, true).empty()); }},
      {"isalpha", [](const Value& v, const Arguments&) { return Json(all_of(text_in(v), is_letter)); }},
      {"isupper", [](const Value& v,
                     const Arguments&) { return Json(text_in(v) == upper(text_in(v)) && text_in(v) != lower(text_in(v))); }},
      {"islower", [](const Value& v, const Arguments&) {
         return Json(text_in(v) == lower(text_in(v)) && text_in(v) != upper(text_in(v)));
       }}};
  return all;
}

const std::map<Text, Filter>& dict_methods() {
  static const std::map<Text, Filter> all{
      {"items", [](const Value& v, const Arguments&) { return pairs(v, false, false); }},
      {"keys", [](const Value& v, const Arguments&) { return list_of(elements(v)); }},
      {"values",
       [](const Value& v, const Arguments&) {
         Json list = Json::array();
         for (const auto& [key, value] : v.json().items()) list.push_back(value);
         return list;
       }},
      {"get",
       [](const Value& v, const Arguments& a) {
         const Value found = item(v, a.get(0, "key")), otherwise = a.get(1, "default");
         return !found.is_undefined() ? found : otherwise.is_undefined() ? Value(Json(nullptr)) : otherwise;
       }},
      {"copy", [](const Value& v, const Arguments&) { return v; }}};
  return all;
}

const std::map<Text, Filter>& list_methods() {
  static const std::map<Text, Filter> all{
      {"index",
       [](const Value& v, const Arguments& a) {
         const auto list = elements(v);
         for (size_t i = 0; i < list.size(); ++i) {
           if (truth(binary("==", list[i], a.get(0, "value")))) return Json(static_cast<int64_t>(i));
         }
         throw Fault{"index of what is not in the list"};
       }},
      {"count",
       [](const Value& v, const Arguments& a) {
         const auto list = elements(v);
         return Json(static_cast<int64_t>(std::count_if(
             list.begin(), list.end(), [&](const Value& one) { return truth(binary("==", one, a.get(0, "value"))); })));
       }},
      {"copy", [](const Value& v, const Arguments&) { return v; }}};
  return all;
}

const std::map<Text, Filter>* methods_of(const Value& value) {
  return value.is_string() ? &text_methods() : value.is_dict() ? &dict_methods() : value.is_list() ? &list_methods() : nullptr;
}

}  // namespace

bool has_method(const std::string& name, const Value& value) {
  const auto* methods = methods_of(value);
  return methods != nullptr && methods->count(name) > 0;
}

std::optional<Value> method(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto* methods = methods_of(value);
  const auto found = methods == nullptr ? std::map<Text, Filter>::const_iterator() : methods->find(name);
  if (methods == nullptr || found == methods->end()) return std::nullopt;
  return found->second(value, arguments);
}

}  // namespace hyplora::jinja

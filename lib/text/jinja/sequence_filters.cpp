// Jinja's filters of lists, dicts and what else has elements.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"

namespace hyplora::jinja {
namespace {

using Values = std::vector<Value>;

/// In lower case where it is a text: how sorting compares unless it is told otherwise.
Value without_case(const Value& value) {
  if (!value.is_text()) return value;
  spend(10 * value.text().size());
  return Value(lower(value.text()));
}

/// What elements are compared by: an attribute, without case.
struct Key {
  Value path = Kind::absent, otherwise = Kind::absent;
  bool case_sensitive = false;
  Value operator()(const Value& value) const {
    const Value at = at_path(value, path, otherwise);
    return case_sensitive ? at : without_case(at);
  }
};

/// Stable by `key`; reversed as Python does it, equal ones in their order.
Values sorted(const Values& values, const std::function<Value(const Value&)>& key, bool reverse) {
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& value : values) keyed.emplace_back(key(value), value);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    spend(20);
    return reverse ? less(b.first, a.first) : less(a.first, b.first);
  });
  Values made;
  for (auto& [by, value] : keyed) made.push_back(std::move(value));
  return made;
}

Value sort(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"reverse", "case_sensitive", "attribute"}, 0);
  const bool case_sensitive = bound.flag(1);
  if (!bound.has(2) || !bound[2].is_text() || bound[2].text().find(',') == std::string::npos)
    return Value::list(sorted(elements(value), Key{bound[2], Kind::absent, case_sensitive}, bound.flag(0)));
  Values paths;
  for (const std::string& path : {bound[2].text()}) {
    for (size_t begin = 0; begin <= path.size();) {
      const size_t end = std::min(path.find(',', begin), path.size());
      paths.emplace_back(path.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  const auto key = [&](const Value& one) {
    Values keys;
    for (const Value& path : paths) keys.push_back(Key{path, Kind::absent, case_sensitive}(one));
    return Value::list(std::move(keys));
  };
  return Value::list(sorted(elements(value), key, bound.flag(0)));
}

Value dictsort(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"case_sensitive", "by", "reverse"}, 0);
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") throw Fault{"dictsort: by is neither \"key\" nor \"value\""};
  if (!value.is(Kind::dict)) throw Fault{fmt::format("dictsort: found {}, expected a dict", kind_name(value))};
  const Key key{Value(int64_t{by == "key" ? 0 : 1}), Kind::absent, bound.flag(0)};
  return Value::list(sorted(elements(Value(Kind::view, std::make_shared<View>(value, View::Part::items))), key, bound.flag(2)));
}

Value unique(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"case_sensitive", "attribute"}, 0);
  const Key key{bound[1], Kind::absent, bound.flag(0)};
  Values made, seen;
  for (Value& one : elements(value)) {
    const Value by = key(one);
    require_hashable(by);
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& other) { return equal(other, by); })) continue;
    seen.push_back(by);
    made.push_back(std::move(one));
  }
  return Value::iterator(std::move(made));
}

Value extreme(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"case_sensitive", "attribute"}, 0);
  const Values all = elements(value);
  if (all.empty()) return Value::undefined("found no element to choose from");
  const Key key{bound[1], Kind::absent, bound.flag(0)};
  size_t best = 0;
  Value best_key = key(all[0]);
  for (size_t i = 1; i < all.size(); ++i) {
    const Value by = key(all[i]);
    if (name == "min" ? less(by, best_key) : less(best_key, by)) {
      best = i;
      best_key = by;
    }
  }
  return all[best];
}

Value sum(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"attribute", "start"}, 0);
  Value total = bound.has(1) ? bound[1] : Value(int64_t{0});
  if (total.is_text()) throw Fault{"sum: texts are not added"};
  const Values all = elements(value);
  for (const Value& one : all) total = arithmetic("+", total, at_path(one, bound[0], Kind::absent));
  return total;
}

Value groupby(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"attribute", "default", "case_sensitive"}, 1);
  const Key key{bound[0], bound[1], bound.flag(2)};
  const Values all = sorted(elements(value), key, false);
  Values groups;
  for (size_t begin = 0; begin < all.size();) {
    const Value by = key(all[begin]);
    Values members;
    size_t end = begin;
    for (; end < all.size() && equal(key(all[end]), by); ++end) members.push_back(all[end]);
    if (end == begin) members.push_back(all[end++]);  // a NaN equals nothing
    const Value shown = Key{bound[0], bound[1], true}(all[begin]);
    groups.emplace_back(Kind::tuple, std::make_shared<Group>(Values{shown, Value::list(std::move(members))}));
    begin = end;
  }
  return Value::list(std::move(groups));
}

Value map(const std::string& name, const Value& value, const Arguments& arguments) {
  Values made;
  if (!truth(value)) return Value::iterator({});
  if (arguments.in_order.empty()) {
    const Bound bound(name, arguments, {"attribute", "default"}, 0);
    if (!bound.has(0)) throw Fault{"map: found neither a filter nor an attribute"};
    for (const Value& one : elements(value)) made.push_back(at_path(one, bound[0], bound[1]));
    return Value::iterator(std::move(made));
  }
  Arguments rest{{arguments.in_order.begin() + 1, arguments.in_order.end()}, arguments.by_name};
  const std::string filter = text_in(arguments.in_order[0]);
  for (const Value& one : elements(value)) made.push_back(filtered(filter, one, rest));
  return Value::iterator(std::move(made));
}

/// select, reject, selectattr, rejectattr.
Value select(const std::string& name, const Value& value, const Arguments& arguments) {
  const bool wanted = name.starts_with("select"), attribute = name.ends_with("attr");
  if (!truth(value)) return Value::iterator({});
  Arguments rest = arguments;
  Value path = Kind::absent;
  if (attribute) {
    if (rest.in_order.empty()) throw Fault{fmt::format("{}: the attribute's name is missing", name)};
    path = rest.in_order[0];
    rest.in_order.erase(rest.in_order.begin());
  }
  std::string test;
  if (!rest.in_order.empty()) {
    test = text_in(rest.in_order[0]);
    rest.in_order.erase(rest.in_order.begin());
  }
  Values made;
  for (Value& one : elements(value)) {
    const Value at = at_path(one, path, Kind::absent);
    if ((test.empty() ? truth(at) : tested(test, at, rest)) == wanted) made.push_back(std::move(one));
  }
  return Value::iterator(std::move(made));
}

Value batch(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"linecount", "fill_with"}, 1);
  const int64_t size = integer_of(bound[0]);
  Values made, row;
  for (Value& one : elements(value)) {
    if (static_cast<int64_t>(row.size()) == size) made.push_back(Value::list(std::exchange(row, {})));
    row.push_back(std::move(one));
  }
  if (row.empty()) return Value::iterator(std::move(made));
  if (bound.has(1) && !bound[1].is(Kind::none) && static_cast<int64_t>(row.size()) < size) {
    require_room(static_cast<size_t>(std::min<int64_t>(size, int64_t{1} << 40)) * sizeof(Value));
    row.resize(static_cast<size_t>(size), bound[1]);
  }
  made.push_back(Value::list(std::move(row)));
  return Value::iterator(std::move(made));
}

Value slice(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"slices", "fill_with"}, 1);
  const Values all = elements(value);
  const int64_t slices = integer_of(bound[0]), count = static_cast<int64_t>(all.size());
  if (slices == 0) throw Fault{"slice: found no slices"};
  if (slices > 0)
    require_room(static_cast<size_t>(std::min<int64_t>(slices, int64_t{1} << 40)) * (sizeof(Value) + sizeof(List)));
  Values made;
  auto place = all.begin();
  for (int64_t i = 0; i < slices; ++i) {
    spend(100);
    const auto end = place + count / slices + (i < count % slices ? 1 : 0);
    Values part(place, end);
    if (bound.has(1) && !bound[1].is(Kind::none) && i >= count % slices) part.push_back(bound[1]);
    made.push_back(Value::list(std::move(part)));
    place = end;
  }
  return Value::iterator(std::move(made));
}

Value first(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  const auto found = next_element(value);
  return found ? *found : Value::undefined("found no first element");
}

Value last(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (value.is(Kind::iterator)) throw Fault{"last: a generator cannot be read from behind"};
  if (value.is_text() || value.is_array() || value.is(Kind::range)) {
    const int64_t count = length(value);
    return count > 0 ? item(value, count - 1) : Value::undefined("found no last element");
  }
  const Values all = elements(value);
  return all.empty() ? Value::undefined("found no last element") : all.back();
}

Value reverse(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (value.is_text()) return sliced(value, {Kind::none, Kind::none, int64_t{-1}});
  Values all = elements(value);
  std::reverse(all.begin(), all.end());
  return value.is(Kind::iterator) ? Value::list(std::move(all)) : Value::iterator(std::move(all));
}

Value list(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  return Value::list(elements(value));
}

Value length_of(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  return length(value);
}

Value items(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (value.is(Kind::undefined)) return Value::iterator({});
  if (!value.is(Kind::dict)) throw Fault{fmt::format("items: found {}, expected a dict", kind_name(value))};
  return Value::iterator(elements(Value(Kind::view, std::make_shared<View>(value, View::Part::items))));
}

Value join(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"d", "attribute"}, 0);
  Values all = elements(value);
  if (bound.has(1) && !bound[1].is(Kind::none)) {
    for (Value& one : all) one = at_path(one, bound[1], Kind::absent);
  }
  return Value(joined(all, bound.has(0) ? text_of(bound[0]) : ""));
}

Value attr(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"name"}, 1);
  if (value.is(Kind::dict) && !has_method(value, bound.text(0, "")))
    return Value::undefined(fmt::format("a dict has no attribute \"{}\"", bound.text(0, "")));
  return attribute(value, bound.text(0, ""));
}

Value default_value(const std::string& name, const Value& value, const Arguments& arguments) {
  const Bound bound(name, arguments, {"default_value", "boolean"}, 0);
  const bool replaces = value.is(Kind::undefined) || (bound.flag(1) && !truth(value));
  return !replaces ? value : bound.has(0) ? bound[0] : Value("");
}

constexpr FilterRow rows[] = {
    {"attr", attr},         {"batch", batch},      {"count", length_of},   {"d", default_value}, {"default", default_value},
    {"dictsort", dictsort}, {"first", first},      {"groupby", groupby},   {"items", items},     {"join", join},
    {"last", last},         {"length", length_of}, {"list", list},         {"map", map},         {"max", extreme},
    {"min", extreme},       {"reject", select},    {"rejectattr", select}, {"reverse", reverse}, {"select", select},
    {"selectattr", select}, {"slice", slice},      {"sort", sort},         {"sum", sum},         {"unique", unique},
};

}  // namespace

const FilterRow* sequence_filter(const std::string& name) {
  const auto* found = std::find_if(std::begin(rows), std::end(rows), [&](const FilterRow& row) { return name == row.name; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace hyplora::jinja

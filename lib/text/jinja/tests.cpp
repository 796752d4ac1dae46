// Jinja's tests: what stands behind `is`.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"
#include "text/jinja/texts.h"

namespace hyplora::jinja {
namespace {

struct Row {
  const char* name;
  bool (*holds)(const Value& value, const Value& other);
  bool takes_other = false;
};

template <Kind K>
bool of_kind(const Value& value, const Value&) {
  return value.is(K);
}

bool remainder_is(const Value& value, const Value& by, int64_t rest) { return equal(arithmetic("%", value, by), Value(rest)); }

bool sequence(const Value& value, const Value&) {
  return value.is(Kind::undefined) || value.is_text() || value.is_array() || value.is(Kind::dict) || value.is(Kind::range);
}

bool callable(const Value& value, const Value&) {
  return value.is(Kind::function) || value.is(Kind::undefined) || value.is(Kind::joiner) || value.is(Kind::loop);
}

bool cased_as(const Value& value, bool upper) {
  const std::string text = text_of(value);
  spend(10 * text.size());
  return has_case(text, upper);
}

/// a <= b, of which Python knows that it is a < b or a == b for all that has an order.
bool at_most(const Value& a, const Value& b) { return less(a, b) || (equal(a, b) && !less(b, a)); }

constexpr Row rows[] = {
    {"boolean", of_kind<Kind::boolean>},
    {"callable", callable},
    {"defined", [](const Value& v, const Value&) { return !v.is(Kind::undefined); }},
    {"divisibleby", [](const Value& v, const Value& o) { return remainder_is(v, o, 0); }, true},
    {"eq", equal, true},
    {"equalto", equal, true},
    {"==", equal, true},
    {"escaped", [](const Value& v, const Value&) { return v.safe(); }},
    {"even", [](const Value& v, const Value&) { return remainder_is(v, int64_t{2}, 0); }},
    {"false", [](const Value& v, const Value&) { return v.is(Kind::boolean) && !v.truth_bit(); }},
    {"filter", [](const Value& v, const Value&) { return v.is_text() && is_filter(v.text()); }},
    {"float", of_kind<Kind::real>},
    {"ge", [](const Value& v, const Value& o) { return at_most(o, v); }, true},
    {">=", [](const Value& v, const Value& o) { return at_most(o, v); }, true},
    {"gt", [](const Value& v, const Value& o) { return less(o, v); }, true},
    {">", [](const Value& v, const Value& o) { return less(o, v); }, true},
    {"greaterthan", [](const Value& v, const Value& o) { return less(o, v); }, true},
    {"in", [](const Value& v, const Value& o) { return contains(o, v); }, true},
    {"integer", of_kind<Kind::integer>},
    {"iterable", [](const Value& v, const Value&) { return iterable(v); }},
    {"le", at_most, true},
    {"<=", at_most, true},
    {"lower", [](const Value& v, const Value&) { return cased_as(v, false); }},
    {"lt", less, true},
    {"<", less, true},
    {"lessthan", less, true},
    {"mapping", of_kind<Kind::dict>},
    {"ne", [](const Value& v, const Value& o) { return !equal(v, o); }, true},
    {"!=", [](const Value& v, const Value& o) { return !equal(v, o); }, true},
    {"none", of_kind<Kind::none>},
    {"number", [](const Value& v, const Value&) { return v.is_number(); }},
    {"odd", [](const Value& v, const Value&) { return remainder_is(v, int64_t{2}, 1); }},
    {"sameas", same, true},
    {"sequence", sequence},
    {"string", [](const Value& v, const Value&) { return v.is_text(); }},
    {"test", [](const Value& v, const Value&) { return v.is_text() && is_test(v.text()); }},
    {"true", [](const Value& v, const Value&) { return v.is(Kind::boolean) && v.truth_bit(); }},
    {"undefined", of_kind<Kind::undefined>},
    {"upper", [](const Value& v, const Value&) { return cased_as(v, true); }},
};

const Row* row_of(const std::string& name) {
  const auto* found = std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) { return name == row.name; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace

bool is_test(const std::string& name) { return row_of(name) != nullptr; }

bool tested(const std::string& test, const Value& value, const Arguments& arguments) {
  spend(20);
  const Row* row = row_of(test);
  if (row == nullptr) throw Fault{fmt::format("the test \"{}\" is not supported", test)};
  const size_t expected = row->takes_other ? 1 : 0;
  if (arguments.in_order.size() + arguments.by_name.size() != expected)
    throw Fault{fmt::format("the test \"{}\" has {} arguments, expected {}", test,
                            arguments.in_order.size() + arguments.by_name.size(), expected)};
  if (!row->takes_other) return row->holds(value, Value());
  return row->holds(value, arguments.in_order.empty() ? arguments.by_name[0].second : arguments.in_order[0]);
}

}  // namespace hyplora::jinja

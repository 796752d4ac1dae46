#include "text/jinja/value.h"

#include <fmt/format.h>

#include <cmath>

#include "text/jinja/casing.h"

namespace hyplora::jinja {
namespace {

__extension__ typedef __int128 Wide;

constexpr int most_depth = 200, most_levels = 300;
thread_local int levels = 0;

int depth_of(const Value& value) {
  switch (value.kind()) {
    case Kind::list:
    case Kind::tuple:
    case Kind::iterator:
      return value.as<List>().depth;
    case Kind::dict:
      return value.as<Dict>().depth;
    case Kind::view:
      return depth_of(value.as<View>().dict) + 1;
    case Kind::function:
      return value.as<Function>().self.given() ? depth_of(value.as<Function>().self) + 1 : 1;
    case Kind::cycler:
    case Kind::loop:
      return 1;  // what they hold is as deep as its own making allowed
    default:
      return 0;
  }
}

int deeper(int depth, const Value& child) {
  const int below = depth_of(child) + 1;
  if (below > most_depth) throw Fault{fmt::format("its values nest deeper than {} levels", most_depth)};
  return std::max(depth, below);
}

/// Integers compare with reals as numbers, not as their nearest reals.
int compared(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  if (a.is(Kind::real) && b.is(Kind::real)) return a.real() < b.real() ? -1 : a.real() > b.real() ? 1 : 0;
  if (a.is(Kind::real)) return -compared(b, a);
  const double real = b.real();
  if (real >= 9.3e18) return -1;
  if (real <= -9.3e18) return 1;
  const double whole = std::floor(real);
  if (whole >= 9223372036854775808.0) return -1;
  if (whole < -9223372036854775808.0) return 1;
  const auto floor = static_cast<int64_t>(whole);
  if (a.integer() != floor) return a.integer() < floor ? -1 : 1;
  return real > whole ? -1 : 0;
}

bool is_nan(const Value& value) { return value.is(Kind::real) && std::isnan(value.real()); }

bool equal_items(const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const Value* other = b.find(key);
    if (other == nullptr || !equal(value, *other)) return false;
  }
  return true;
}

}  // namespace

Level::Level() {
  if (++levels > most_levels) {
    --levels;
    throw Fault{fmt::format("its values nest deeper than {} levels", most_levels)};
  }
}
Level::~Level() { --levels; }

Value::Value(std::string text, bool safe) : kind_(Kind::text), safe_(safe), object_(std::make_shared<Text>(std::move(text))) {}

Value Value::undefined(std::string why) { return Value(Kind::undefined, std::make_shared<Text>(std::move(why))); }
Value Value::list(std::vector<Value> items) { return Value(Kind::list, std::make_shared<List>(std::move(items))); }
Value Value::tuple(std::vector<Value> items) { return Value(Kind::tuple, std::make_shared<List>(std::move(items))); }
Value Value::dict(std::vector<std::pair<Value, Value>> items) {
  return Value(Kind::dict, std::make_shared<Dict>(std::move(items)));
}
Value Value::iterator(std::vector<Value> items) { return Value(Kind::iterator, std::make_shared<Iterator>(std::move(items))); }

const std::string& Value::text() const { return as<Text>().bytes; }
const std::vector<Value>& Value::items() const { return as<List>().items; }
const std::vector<std::pair<Value, Value>>& Value::pairs() const { return as<Dict>().items; }

int64_t Value::text_length() const {
  const auto& held = as<Text>();
  if (held.length < 0) {
    spend(held.bytes.size());
    held.length = count_characters(held.bytes);
  }
  return held.length;
}
bool Value::ascii() const { return text_length() == static_cast<int64_t>(text().size()); }

List::List(std::vector<Value> values) : Object(values.capacity() * sizeof(Value)), items(std::move(values)) {
  for (const Value& value : items) depth = deeper(depth, value);
}

Dict::Dict(std::vector<std::pair<Value, Value>> values)
    : Object(values.capacity() * 2 * sizeof(Value)), items(std::move(values)) {
  for (const auto& [key, value] : items) depth = deeper(deeper(depth, key), value);
}

const Value* Dict::find(const Value& key) const {
  spend(2 * items.size());
  for (const auto& [name, value] : items) {
    if (equal(name, key)) return &value;
  }
  return nullptr;
}

const Value* Dict::find(const std::string& key) const {
  spend(2 * items.size());
  for (const auto& [name, value] : items) {
    if (name.is_text() && name.text() == key) return &value;
  }
  return nullptr;
}

Range::Range(int64_t first, int64_t end, int64_t by) : Object(sizeof(Range)), start(first), stop(end), step(by), count(0) {
  if (step == 0) throw Fault{"range() has a step of zero"};
  constexpr int64_t most = 100'000;  // the sandbox's
  const Wide span = step > 0 ? static_cast<Wide>(stop) - start : static_cast<Wide>(start) - stop;
  const Wide width = step > 0 ? step : -static_cast<Wide>(step);
  const Wide steps = span <= 0 ? 0 : (span + width - 1) / width;
  if (steps > most) throw Fault{fmt::format("a range holds more than {} numbers", most)};
  count = static_cast<int64_t>(steps);
}

void Scope::empty() {
  std::vector<Value> values;
  values.reserve(names.size());
  for (auto& [name, value] : names) values.push_back(std::move(value));
  names.clear();
  bury(std::move(values));
}

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer.get()) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return &found->second;
  }
  return nullptr;
}

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return value.integer() != 0;
    case Kind::real:
      return value.real() != 0;
    case Kind::text:
      return !value.text().empty();
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::range:
    case Kind::view:
    case Kind::loop:
      return length(value) != 0;
    default:
      return true;
  }
}

bool equal(const Value& a, const Value& b) {
  spend(4);
  if (a.is_number() && b.is_number()) return !is_nan(a) && !is_nan(b) && compared(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (a.object() == b.object() && a.kind() != Kind::text) return true;
  switch (a.kind()) {
    case Kind::text:
      if (a.text().size() != b.text().size()) return false;
      spend(a.text().size());
      return a.text() == b.text();
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::list:
    case Kind::tuple: {
      const Level level;
      return equal_items(a.items(), b.items());
    }
    case Kind::dict: {
      const Level level;
      return equal_dicts(a.as<Dict>(), b.as<Dict>());
    }
    case Kind::range:
      return equal_items(elements(a), elements(b));
    default:
      return false;
  }
}

bool less(const Value& a, const Value& b) {
  spend(4);
  if (a.is_number() && b.is_number()) return !is_nan(a) && !is_nan(b) && compared(a, b) < 0;
  require_defined(a);
  require_defined(b);
  if (a.is_text() && b.is_text()) {
    spend(std::min(a.text().size(), b.text().size()));
    return a.text() < b.text();
  }
  if (a.kind() == b.kind() && a.is_array()) {
    const Level level;
    for (size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i) {
      if (!equal(a.items()[i], b.items()[i])) return less(a.items()[i], b.items()[i]);
    }
    return a.items().size() < b.items().size();
  }
  throw Fault{fmt::format("{} and {} have no order", kind_name(a), kind_name(b))};
}

bool contains(const Value& whole, const Value& part) {
  switch (whole.kind()) {
    case Kind::text:
      if (!part.is_text()) throw Fault{fmt::format("a text cannot hold {}", kind_name(part))};
      spend(whole.text().size());
      return whole.text().find(part.text()) != std::string::npos;
    case Kind::dict:
      require_hashable(part);
      return whole.as<Dict>().find(part) != nullptr;
    default: {
      const std::vector<Value> all = elements(whole);
      for (const Value& one : all) {
        if (equal(one, part)) return true;
      }
      return false;
    }
  }
}

void require_hashable(const Value& value) {
  switch (value.kind()) {
    case Kind::list:
    case Kind::dict:
      throw Fault{fmt::format("{} cannot be a key", kind_name(value))};
    case Kind::tuple: {
      const Level level;
      for (const Value& item : value.items()) require_hashable(item);
      return;
    }
    case Kind::view:
      if (value.as<View>().part != View::Part::values) throw Fault{"a view cannot be a key"};
      return;
    default:
      return;
  }
}

bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_integer() || a.is(Kind::none)) return a.integer() == b.integer();
  if (a.is(Kind::real)) return a.real() == b.real();
  return a.object() == b.object() || (a.is_text() && a.text() == b.text());
}

void require_defined(const Value& value) {
  if (!value.is(Kind::undefined)) return;
  throw Fault{value.object() ? value.as<Text>().bytes : std::string("found an undefined value")};
}

int64_t integer_of(const Value& value) {
  require_defined(value);
  if (!value.is_integer()) throw Fault{fmt::format("found {}, expected an integer", kind_name(value))};
  return value.integer();
}

double real_of(const Value& value) {
  require_defined(value);
  if (!value.is_number()) throw Fault{fmt::format("found {}, expected a number", kind_name(value))};
  return value.real();
}

int64_t length(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      return value.text_length();
    case Kind::list:
    case Kind::tuple:
      return static_cast<int64_t>(value.items().size());
    case Kind::dict:
      return static_cast<int64_t>(value.pairs().size());
    case Kind::range:
      return value.as<Range>().count;
    case Kind::view:
      return length(value.as<View>().dict);
    case Kind::loop:
      return static_cast<int64_t>(value.as<Loop>().items.size());
    default:
      throw Fault{fmt::format("{} has no length", kind_name(value))};
  }
}

bool iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::text:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::range:
    case Kind::view:
    case Kind::iterator:
    case Kind::loop:
      return true;
    default:
      return false;
  }
}

void put(std::vector<std::pair<Value, Value>>& made, const Value& key, const Value& value) {
  require_hashable(key);
  spend(2 * made.size());
  for (auto& [name, old] : made) {
    if (equal(name, key)) {
      old = value;
      return;
    }
  }
  made.emplace_back(key, value);
}

}  // namespace hyplora::jinja

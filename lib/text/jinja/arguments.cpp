// Arguments that find their parameters, attributes of values, and which table a filter stands in.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"

namespace hyplora::jinja {
namespace {

Value method_of(const Value& self, const std::string& name) {
  auto function = std::make_shared<Function>(name);
  function->self = self;
  return Value(Kind::function, std::move(function));
}

/// What is no element but belongs to the value; absent where there is nothing.
Value own_attribute(const Value& value, const std::string& name) {
  if (has_method(value, name)) return method_of(value, name);
  if (value.is(Kind::space)) {
    const auto& names = value.as<Space>().names;
    const auto found = names.find(name);
    return found == names.end() ? Value(Kind::absent) : found->second;
  }
  if (value.is(Kind::range)) {
    const auto& range = value.as<Range>();
    if (name == "start") return range.start;
    if (name == "stop") return range.stop;
    if (name == "step") return range.step;
  }
  if (value.is_number() && name == "real") return value.is(Kind::boolean) ? Value(value.integer()) : value;
  if (value.is_number() && name == "imag") return value.is(Kind::real) ? Value(0.0) : Value(int64_t{0});
  if (value.is(Kind::cycler) && name == "current") return value.as<Cycler>().items[value.as<Cycler>().place];
  if (value.is(Kind::tuple) && dynamic_cast<Group*>(value.object().get()) != nullptr) {
    if (name == "grouper") return value.items()[0];
    if (name == "list") return value.items()[1];
  }
  if (value.is(Kind::function) && name == "name") return Value(value.as<Function>().name);
  return Kind::absent;
}

/// loop.index and its like.
Value loop_attribute(const Value& value, const std::string& name) {
  const auto& loop = value.as<Loop>();
  const auto index = static_cast<int64_t>(loop.index), count = static_cast<int64_t>(loop.items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return count - index;
  if (name == "revindex0") return count - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == count;
  if (name == "length") return count;
  if (name == "depth") return loop.depth + 1;
  if (name == "depth0") return loop.depth;
  if (name == "previtem") return index > 0 ? loop.items[loop.index - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem") return index + 1 < count ? loop.items[loop.index + 1] : Value::undefined("there is no next item");
  return Kind::absent;
}

Value missing(const Value& value, const std::string& name) {
  return Value::undefined(fmt::format("{} has no attribute \"{}\"", kind_name(value), name));
}

/// What would change a dict is nothing in the sandbox, whatever keys the dict has.
bool changes_dict(const Value& value, const std::string& name) {
  constexpr const char* names[] = {"clear", "pop", "popitem", "setdefault", "update"};
  return value.is(Kind::dict) && std::any_of(std::begin(names), std::end(names), [&](const char* one) { return name == one; });
}

/// Names that begin so are nobody's business, says the sandbox.
bool hidden(const std::string& name) { return name.starts_with("_"); }

}  // namespace

Bound::Bound(const std::string& function, const Arguments& arguments, std::initializer_list<const char*> names, size_t required)
    : function_(function), values_(names.size(), Kind::absent) {
  if (arguments.in_order.size() > names.size())
    throw Fault{fmt::format("{}: found {} arguments, expected at most {}", function, arguments.in_order.size(), names.size())};
  std::copy(arguments.in_order.begin(), arguments.in_order.end(), values_.begin());
  for (const auto& [name, value] : arguments.by_name) {
    const auto known = std::find(names.begin(), names.end(), name);
    if (known == names.end()) throw Fault{fmt::format("{}: found the argument \"{}\", which it does not know", function, name)};
    Value& place = values_[static_cast<size_t>(known - names.begin())];
    if (place.given()) throw Fault{fmt::format("{}: found the argument \"{}\" twice", function, name)};
    place = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values_[i].given()) throw Fault{fmt::format("{}: the argument \"{}\" is missing", function, names.begin()[i])};
  }
}

std::string Bound::text(size_t place, const std::string& otherwise) const {
  if (!has(place)) return otherwise;
  require_defined(values_[place]);
  if (!values_[place].is_text()) throw Fault{fmt::format("{}: found {}, expected a str", function_, kind_name(values_[place]))};
  return values_[place].text();
}

int64_t Bound::integer(size_t place, int64_t otherwise) const { return has(place) ? integer_of(values_[place]) : otherwise; }

bool Bound::flag(size_t place, bool otherwise) const { return has(place) ? truth(values_[place]) : otherwise; }

const std::string& text_in(const Value& value) {
  require_defined(value);
  if (!value.is_text()) throw Fault{fmt::format("found {}, expected a str", kind_name(value))};
  return value.text();
}

Value attribute(const Value& value, const std::string& name) {
  require_defined(value);
  spend(20);
  const Value own = value.is(Kind::loop) && !has_method(value, name) ? loop_attribute(value, name) : own_attribute(value, name);
  if (own.given()) return own;
  if (value.is(Kind::dict) && !changes_dict(value, name)) {
    const Value* found = value.as<Dict>().find(name);
    if (found != nullptr) return *found;
  }
  return missing(value, name);
}

Value element(const Value& value, const Value& index) {
  require_defined(value);
  const Value found = item(value, index);
  if (!found.is(Kind::undefined) || !index.is_text()) return found;
  if (value.is(Kind::dict) && value.as<Dict>().find(index) != nullptr) return found;
  if (hidden(index.text())) return missing(value, index.text());
  const Value own = value.is(Kind::loop) && !has_method(value, index.text()) ? loop_attribute(value, index.text())
                                                                             : own_attribute(value, index.text());
  return own.given() ? own : found;
}

Value at_path(const Value& value, const Value& path, const Value& otherwise) {
  Value found = value;
  const auto step = [&](const Value& index) {
    found = element(found, index);
    if (found.is(Kind::undefined) && otherwise.given() && !otherwise.is(Kind::none)) found = otherwise;
  };
  if (!path.is_text()) {
    if (path.given() && !path.is(Kind::none)) step(path);
    return found;
  }
  const std::string& text = path.text();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool digits =
        !part.empty() && part.size() < 18 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    step(digits ? Value(int64_t{std::stoll(part)}) : Value(part));
    begin = end + 1;
  }
  return found;
}

bool is_filter(const std::string& name) { return sequence_filter(name) != nullptr || text_filter(name) != nullptr; }

Value filtered(const std::string& filter, const Value& value, const Arguments& arguments) {
  spend(50);
  const FilterRow* row = sequence_filter(filter);
  if (row == nullptr) row = text_filter(filter);
  if (row == nullptr) throw Fault{fmt::format("the filter \"{}\" is not supported", filter)};
  return row->apply(filter, value, arguments);
}

}  // namespace hyplora::jinja

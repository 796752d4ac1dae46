// The methods of lists, tuples, dicts, ranges, cyclers and loops that change no value of the conversation.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"

namespace hyplora::jinja {
namespace {

Value view(const Value& self, View::Part part) { return Value(Kind::view, std::make_shared<View>(self, part)); }

Value dict_method(const std::string& name, const Value& self, const Arguments& arguments) {
  if (!arguments.by_name.empty()) throw Fault{fmt::format("{}: takes no arguments by name", name)};
  if (name == "get") {
    const Bound bound(name, arguments, {"key", "default"}, 1);
    require_hashable(bound[0]);
    const Value* found = self.as<Dict>().find(bound[0]);
    return found != nullptr ? *found : bound.has(1) ? bound[1] : Value(Kind::none);
  }
  if (name == "fromkeys") {
    const Bound bound(name, arguments, {"iterable", "value"}, 1);
    std::vector<std::pair<Value, Value>> made;
    const std::vector<Value> keys = elements(bound[0]);
    for (const Value& key : keys) put(made, key, bound.has(1) ? bound[1] : Value(Kind::none));
    return Value::dict(std::move(made));
  }
  const Bound none(name, arguments, {}, 0);
  if (name == "keys") return view(self, View::Part::keys);
  if (name == "values") return view(self, View::Part::values);
  if (name == "items") return view(self, View::Part::items);
  return self;  // copy
}

Value sequence_method(const std::string& name, const Value& self, const Arguments& arguments) {
  if (name == "copy") return self;
  const Bound bound(name, arguments, {"value", "start", "stop"}, 1);
  const std::vector<Value> all = elements(self);
  if (name == "count")
    return int64_t{std::count_if(all.begin(), all.end(), [&](const Value& one) { return equal(one, bound[0]); })};
  const Places at =
      places({bound.has(1) ? bound[1] : Value(Kind::none), bound.has(2) ? bound[2] : Value(Kind::none), Kind::none},
             static_cast<int64_t>(all.size()));
  for (int64_t i = at.start; i < at.start + at.count; ++i) {
    if (equal(all[static_cast<size_t>(i)], bound[0])) return i;
  }
  throw Fault{fmt::format("index: {} is not in the list", repr(bound[0]))};
}

Value cycler_method(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  auto& cycler = self.as<Cycler>();
  if (name == "reset") {
    cycler.place = 0;
    return Kind::none;
  }
  const Value now = cycler.items[cycler.place];
  cycler.place = (cycler.place + 1) % cycler.items.size();
  return now;
}

Value loop_method(const std::string& name, const Value& self, const Arguments& arguments) {
  auto& loop = self.as<Loop>();
  if (name == "cycle") {
    if (arguments.in_order.empty()) throw Fault{"loop.cycle needs something to go through"};
    return arguments.in_order[loop.index % arguments.in_order.size()];
  }
  const auto& now = arguments.in_order;
  const bool same = loop.changed_before && loop.last_changed.size() == now.size() &&
                    std::equal(now.begin(), now.end(), loop.last_changed.begin(), equal);
  loop.changed_before = true;
  loop.last_changed = now;
  return !same;
}

bool one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value number_method(const std::string& name, const Value& self, const Arguments& arguments) {
  const Bound none(name, arguments, {}, 0);
  if (name == "is_integer") return self.real() == static_cast<double>(static_cast<int64_t>(self.real()));
  int64_t bits = 0;
  for (uint64_t rest = static_cast<uint64_t>(self.integer() < 0 ? -(self.integer() + 1) : self.integer()); rest > 0; rest >>= 1)
    ++bits;
  return bits;
}

}  // namespace

bool has_method(const Value& value, const std::string& name) {
  switch (value.kind()) {
    case Kind::text:
      return has_text_method(name);
    case Kind::dict:
      return one_of(name, {"get", "keys", "values", "items", "copy", "fromkeys"});
    case Kind::list:
      return one_of(name, {"count", "index", "copy"});
    case Kind::tuple:
    case Kind::range:
      return one_of(name, {"count", "index"});
    case Kind::cycler:
      return one_of(name, {"next", "reset"});
    case Kind::loop:
      return one_of(name, {"cycle", "changed"});
    case Kind::integer:
    case Kind::boolean:
      return name == "bit_length";
    case Kind::real:
      return name == "is_integer";
    default:
      return false;
  }
}

Value call_method(const std::string& name, const Value& self, const Arguments& arguments) {
  switch (self.kind()) {
    case Kind::text:
      return call_text_method(name, self, arguments);
    case Kind::dict:
      return dict_method(name, self, arguments);
    case Kind::cycler:
      return cycler_method(name, self, arguments);
    case Kind::loop:
      return loop_method(name, self, arguments);
    case Kind::integer:
    case Kind::boolean:
    case Kind::real:
      return number_method(name, self, arguments);
    default:
      return sequence_method(name, self, arguments);
  }
}

}  // namespace hyplora::jinja

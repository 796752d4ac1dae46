// The evaluator's calls: global functions, methods, macros, recursive loops.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/evaluator.h"

namespace hyplora::jinja {
namespace {

constexpr int most_calls = 100;

using Pairs = std::vector<std::pair<Value, Value>>;

/// dict(mapping or pairs, **names).
Pairs pairs_of(const std::string& function, const Arguments& arguments) {
  Pairs made;
  if (arguments.in_order.size() > 1) throw Fault{fmt::format("{}: found more than one argument without a name", function)};
  if (!arguments.in_order.empty()) {
    const Value& from = arguments.in_order[0];
    const Value all = from.is(Kind::dict) ? Value(Kind::view, std::make_shared<View>(from, View::Part::items)) : from;
    require_defined(all);
    for (const Value& one : elements(all)) {
      const std::vector<Value> pair = elements(one);
      if (pair.size() != 2)
        throw Fault{fmt::format("{}: found an element of {} values, expected pairs", function, pair.size())};
      put(made, pair[0], pair[1]);
    }
  }
  for (const auto& [name, value] : arguments.by_name) put(made, Value(name), value);
  return made;
}

Value made_range(const Arguments& arguments) {
  const auto& given = arguments.in_order;
  if (!arguments.by_name.empty() || given.empty() || given.size() > 3) throw Fault{"range() takes one to three integers"};
  const int64_t first = integer_of(given[0]);
  if (given.size() == 1) return Value(Kind::range, std::make_shared<Range>(0, first, 1));
  return Value(Kind::range, std::make_shared<Range>(first, integer_of(given[1]), given.size() == 3 ? integer_of(given[2]) : 1));
}

Value made_space(const Arguments& arguments) {
  auto space = std::make_shared<Space>();
  for (auto& [key, value] : pairs_of("namespace", arguments)) space->names[text_in(key)] = value;
  return Value(Kind::space, std::move(space));
}

}  // namespace

Value Evaluator::call(const Value& function, const Arguments& arguments) {
  require_defined(function);
  if (function.is(Kind::loop)) return call_loop(function.as<Loop>(), arguments);
  if (function.is(Kind::joiner)) {
    auto& joiner = function.as<Joiner>();
    return std::exchange(joiner.used, true) ? Value(joiner.between) : Value("");
  }
  if (!function.is(Kind::function)) throw Fault{fmt::format("found a call of {}, which is no function", kind_name(function))};
  const auto& called = function.as<Function>();
  if (called.macro != nullptr) return call_macro(called, arguments);
  if (called.self.given()) return call_method(called.name, called.self, arguments);
  return call_global(called.name, arguments);
}

Value Evaluator::call_global(const std::string& name, const Arguments& arguments) {
  if (name == "range") return made_range(arguments);
  if (name == "dict") return Value::dict(pairs_of(name, arguments));
  if (name == "namespace") return made_space(arguments);
  if (name == "strftime_now") return Value(formatted_now(arguments));
  if (name == "raise_exception") {
    const Bound bound(name, arguments, {"message"}, 1);
    throw Refusal{text_of(bound[0])};
  }
  if (name == "joiner") {
    const Bound bound(name, arguments, {"sep"}, 0);
    return Value(Kind::joiner, std::make_shared<Joiner>(bound.text(0, ", ")));
  }
  if (name == "cycler") {
    if (arguments.in_order.empty() || !arguments.by_name.empty()) throw Fault{"cycler() needs values to go through"};
    return Value(Kind::cycler, std::make_shared<Cycler>(arguments.in_order));
  }
  throw Fault{fmt::format("the function \"{}\" is not supported", name)};
}

std::string Evaluator::formatted_now(const Arguments& arguments) const {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  const std::string form = bound.text(0, "") + "|";  // so that nothing is written only where there is no room
  std::tm local{};
  localtime_r(&now_, &local);
  std::string text(4096 + 32 * std::min<size_t>(form.size(), 4096), '\0');
  const size_t size = std::strftime(text.data(), text.size(), form.c_str(), &local);
  if (size == 0) throw Fault{"strftime_now: the format asks for a text that is too long"};
  return text.substr(0, size - 1);
}

/// The parameters by place, then by name, then their defaults; what the macro asks for besides.
void Evaluator::bind(const Function& function, const Arguments& arguments, const Place& scope) {
  const Node& macro = *function.macro;
  const size_t count = macro.names.size(), defaults = macro.children.size() - 1;
  Arguments rest = arguments;
  const auto taken = [&](const std::string& name) -> Value {
    const auto found =
        std::find_if(rest.by_name.begin(), rest.by_name.end(), [&](const auto& one) { return one.first == name; });
    if (found == rest.by_name.end()) return Kind::absent;
    const Value value = found->second;
    rest.by_name.erase(found);
    return value;
  };
  const auto has = [&](const char* name) {
    return std::find(macro.names.begin(), macro.names.end(), name) != macro.names.end();
  };
  std::vector<Value> values;
  for (size_t i = 0; i < count; ++i) values.push_back(i < rest.in_order.size() ? rest.in_order[i] : taken(macro.names[i]));
  if (macro.asks_caller && !has("caller")) {
    const Value caller = taken("caller");
    scope->names["caller"] = caller.given() ? caller : Value::undefined("there is no caller");
  }
  if (macro.asks_kwargs && !has("kwargs")) {
    Pairs pairs;
    for (const auto& [name, value] : rest.by_name) pairs.emplace_back(Value(name), value);
    scope->names["kwargs"] = Value::dict(std::move(pairs));
  } else if (!rest.by_name.empty()) {
    throw Fault{fmt::format("the macro \"{}\" does not know the argument \"{}\"", function.name, rest.by_name[0].first)};
  }
  if (macro.asks_varargs && !has("varargs")) {
    const auto begin = rest.in_order.begin() + static_cast<std::ptrdiff_t>(std::min(count, rest.in_order.size()));
    scope->names["varargs"] = Value::tuple({begin, rest.in_order.end()});
  } else if (rest.in_order.size() > count) {
    throw Fault{fmt::format("the macro \"{}\" takes {} arguments, found {}", function.name, count, rest.in_order.size())};
  }
  for (size_t i = 0; i < count; ++i) {
    if (values[i].given()) scope->names[macro.names[i]] = values[i];
  }
  for (size_t i = 0; i < count; ++i) {
    if (values[i].given()) continue;
    scope->names[macro.names[i]] = i + defaults >= count
                                       ? evaluate(macro.children[1 + i + defaults - count], scope)
                                       : Value::undefined(fmt::format("parameter '{}' was not provided", macro.names[i]));
  }
}

Value Evaluator::call_macro(const Function& function, const Arguments& arguments) {
  if (calls_ >= most_calls) throw Fault{fmt::format("its macros call each other deeper than {} levels", most_calls)};
  ++calls_;
  const Node& macro = *function.macro;
  const auto scope = std::make_shared<Scope>(function.scope);
  bind(function, arguments, scope);
  std::string text = captured(macro.children[0], scope);
  --calls_;
  return Value(std::move(text));
}

Value Evaluator::call_loop(const Loop& loop, const Arguments& arguments) {
  const Bound bound("loop", arguments, {"iterable"}, 1);
  if (loop.recursive == nullptr) throw Fault{"a loop calls itself without being recursive"};
  if (calls_ >= most_calls) throw Fault{fmt::format("its loops call themselves deeper than {} levels", most_calls)};
  ++calls_;
  std::string text;
  std::string* before = std::exchange(out_, &text);
  run_loop(*loop.recursive, bound[0], loop.scope, loop.depth + 1);
  out_ = before;
  captured_ -= text.size();
  --calls_;
  return Value(std::move(text));
}

}  // namespace hyplora::jinja

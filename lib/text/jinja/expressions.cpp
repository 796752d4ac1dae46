// The evaluator's expressions.
#include <fmt/format.h>

#include "text/jinja/evaluator.h"

namespace hyplora::jinja {
namespace {

bool holds(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "==") return equal(a, b);
  if (sign == "!=") return !equal(a, b);
  if (sign == "<") return less(a, b);
  if (sign == ">") return less(b, a);
  if (sign == "in") return contains(b, a);
  if (sign == "not in") return !contains(b, a);
  return sign == "<=" ? less(a, b) || equal(a, b) : less(b, a) || equal(a, b);
}

bool is_global(const std::string& name) {
  for (const char* known : {"range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now", "lipsum"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

Value Evaluator::evaluate(const Node& node, const Place& scope) {
  const Nesting nesting(*this, node);
  switch (node.kind) {
    case Node::Kind::constant:
      return node.value;
    case Node::Kind::name:
      return name(node.text, scope);
    case Node::Kind::list:
    case Node::Kind::tuple:
      return evaluate_list(node, scope);
    case Node::Kind::dict:
      return evaluate_dict(node, scope);
    case Node::Kind::attribute:
      return attribute(evaluate(node.children[0], scope), node.text);
    case Node::Kind::item:
      return evaluate_item(node, scope);
    case Node::Kind::call:
      return evaluate_call(node, scope, Kind::absent);
    case Node::Kind::filter:
      return apply_filter(node, evaluate(node.children[0], scope), scope);
    case Node::Kind::test: {
      const Value subject = evaluate(node.children[0], scope);
      return tested(node.text, subject, arguments(node, scope));
    }
    default:
      return evaluate_operator(node, scope);
  }
}

Value Evaluator::evaluate_operator(const Node& node, const Place& scope) {
  const auto child = [&](size_t i) { return evaluate(node.children[i], scope); };
  switch (node.kind) {
    case Node::Kind::negation:
      return !truth(child(0));
    case Node::Kind::minus:
    case Node::Kind::plus: {
      const Value value = child(0);
      if (!value.is_number()) real_of(value);
      if (value.is(Kind::real)) return node.kind == Node::Kind::minus ? Value(-value.real()) : value;
      return arithmetic(node.kind == Node::Kind::minus ? "-" : "+", int64_t{0}, value);
    }
    case Node::Kind::both: {
      const Value left = child(0);
      return truth(left) ? child(1) : left;
    }
    case Node::Kind::either: {
      const Value left = child(0);
      return truth(left) ? left : child(1);
    }
    case Node::Kind::arithmetic: {
      const Value left = child(0);
      return arithmetic(node.text, left, child(1));
    }
    case Node::Kind::join:
      return evaluate_join(node, scope);
    case Node::Kind::comparison:
      return evaluate_comparison(node, scope);
    case Node::Kind::conditional:
      if (truth(child(0))) return child(1);
      if (node.children[2].kind != Node::Kind::absent) return child(2);
      return Value::undefined("found no value: the condition does not hold, and there is no \"else\"");
    default:
      throw Fault{"found a statement where an expression stands"};
  }
}

Value Evaluator::name(const std::string& name, const Place& scope) const {
  const Value* found = scope->find(name);
  if (found != nullptr) return *found;
  if (is_global(name)) return Value(Kind::function, std::make_shared<Function>(name));
  return Value::undefined(fmt::format("'{}' is undefined", name));
}

std::vector<Value> Evaluator::children(const Node& node, const Place& scope) {
  std::vector<Value> values;
  values.reserve(node.children.size());
  for (const Node& child : node.children) values.push_back(evaluate(child, scope));
  return values;
}

Value Evaluator::evaluate_list(const Node& node, const Place& scope) {
  return node.kind == Node::Kind::list ? Value::list(children(node, scope)) : Value::tuple(children(node, scope));
}

Value Evaluator::evaluate_dict(const Node& node, const Place& scope) {
  std::vector<std::pair<Value, Value>> made;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    const Value key = evaluate(node.children[i], scope);
    put(made, key, evaluate(node.children[i + 1], scope));
  }
  return Value::dict(std::move(made));
}

Slice Evaluator::slice(const Node& node, const Place& scope) {
  const auto part = [&](size_t i) {
    return node.children[i].kind == Node::Kind::absent ? Value(Kind::none) : evaluate(node.children[i], scope);
  };
  return {part(0), part(1), part(2)};
}

Value Evaluator::evaluate_item(const Node& node, const Place& scope) {
  const Value whole = evaluate(node.children[0], scope);
  if (node.children[1].kind == Node::Kind::slice) return sliced(whole, slice(node.children[1], scope));
  return element(whole, evaluate(node.children[1], scope));
}

Value Evaluator::evaluate_join(const Node& node, const Place& scope) {
  std::string made;
  for (const Node& child : node.children) {
    const std::string part = text_of(evaluate(child, scope));
    require_room(made.size() + part.size());
    made += part;
  }
  return Value(std::move(made));
}

Value Evaluator::evaluate_comparison(const Node& node, const Place& scope) {
  Value left = evaluate(node.children[0], scope);
  for (size_t i = 0; i < node.names.size(); ++i) {
    Value right = evaluate(node.children[i + 1], scope);
    if (!holds(node.names[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Arguments Evaluator::arguments(const Node& node, const Place& scope) {
  Arguments made;
  for (size_t i = 1; i < node.children.size(); ++i) {
    if (node.children[i].kind == Node::Kind::spread) {
      for (Value& one : elements(evaluate(node.children[i].children[0], scope))) made.in_order.push_back(std::move(one));
    } else if (node.children[i].kind != Node::Kind::spread_pairs) {
      made.in_order.push_back(evaluate(node.children[i], scope));
    }
  }
  for (const auto& [name, value] : node.keywords) made.by_name.emplace_back(name, evaluate(value, scope));
  if (node.children.empty() || node.children.back().kind != Node::Kind::spread_pairs) return made;
  const Value pairs = evaluate(node.children.back().children[0], scope);
  if (!pairs.is(Kind::dict)) throw Fault{fmt::format("found {} behind **, expected a dict", kind_name(pairs))};
  for (const auto& [key, value] : pairs.pairs()) {
    for (const auto& [name, other] : made.by_name) {
      if (name == text_in(key)) throw Fault{fmt::format("found the argument \"{}\" twice", name)};
    }
    made.by_name.emplace_back(text_in(key), value);
  }
  return made;
}

Value Evaluator::apply_filter(const Node& node, const Value& subject, const Place& scope) {
  return filtered(node.text, subject, arguments(node, scope));
}

Value Evaluator::evaluate_call(const Node& node, const Place& scope, const Value& caller) {
  const Value function = evaluate(node.children[0], scope);
  Arguments given = arguments(node, scope);
  if (caller.given()) given.by_name.emplace_back("caller", caller);
  line_ = node.line;
  return call(function, given);
}

}  // namespace hyplora::jinja

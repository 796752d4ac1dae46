#include "text/jinja/evaluator.h"

#include <fmt/format.h>

namespace hyplora::jinja {
namespace {

constexpr size_t most_text = size_t{64} << 20;
constexpr int most_depth = 1500;

}  // namespace

Evaluator::Nesting::Nesting(Evaluator& evaluator, const Node& node) : evaluator_(evaluator) {
  spend(50);
  if (evaluator.depth_ >= most_depth) throw Fault{fmt::format("its evaluation is nested deeper than {} levels", most_depth)};
  ++evaluator.depth_;
  evaluator.line_ = node.line;
}

void Evaluator::render(const Node& root) { run(root, std::make_shared<Scope>(globals_)); }

void Evaluator::write(std::string_view text) {
  spend(text.size());
  if (out_->size() + text.size() > most_text) throw Fault{"it writes more than 64 MiB"};
  if (out_ != &text_) {
    captured_ += text.size();
    require_room(captured_);
  }
  *out_ += text;
}

Evaluator::Flow Evaluator::run(const Node& node, const Place& scope) {
  const Nesting nesting(*this, node);
  switch (node.kind) {
    case Node::Kind::data:
      write(node.text);
      return Flow::on;
    case Node::Kind::output:
      for (const Node& child : node.children) write(text_of(evaluate(child, scope)));
      return Flow::on;
    case Node::Kind::block:
      return run_block(node, scope);
    case Node::Kind::branch:
      return run_branch(node, scope);
    case Node::Kind::loop:
      return run_loop(node, evaluate(node.children[1], scope), scope, 0);
    case Node::Kind::set:
      assign(node.children[0], evaluate(node.children[1], scope), scope);
      return Flow::on;
    case Node::Kind::set_block:
      run_set_block(node, scope);
      return Flow::on;
    case Node::Kind::macro: {
      auto function = std::make_shared<Function>(node.text);
      function->macro = &node;
      function->scope = scope;
      scope->names[node.text] = Value(Kind::function, std::move(function));
      return Flow::on;
    }
    case Node::Kind::call_block: {
      auto caller = std::make_shared<Function>("caller");
      caller->macro = &node.children[1];
      caller->scope = scope;
      write(text_of(evaluate_call(node.children[0], scope, Value(Kind::function, std::move(caller)))));
      return Flow::on;
    }
    case Node::Kind::filter_block:
      write(text_of(filtered_block(node.children[0], captured(node.children[1], std::make_shared<Scope>(scope)), scope)));
      return Flow::on;
    case Node::Kind::with:
      return run_with(node, scope);
    case Node::Kind::generation:
      run_generation(node, scope);
      return Flow::on;
    case Node::Kind::leave:
      return Flow::leave;
    case Node::Kind::next:
      return Flow::next;
    default:
      throw Fault{"found an expression where a statement stands"};
  }
}

Evaluator::Flow Evaluator::run_block(const Node& node, const Place& scope) {
  for (const Node& child : node.children) {
    const Flow flow = run(child, scope);
    if (flow != Flow::on) return flow;
  }
  return Flow::on;
}

Evaluator::Flow Evaluator::run_branch(const Node& node, const Place& scope) {
  size_t i = 0;
  for (; i + 1 < node.children.size(); i += 2) {
    if (truth(evaluate(node.children[i], scope))) return run(node.children[i + 1], scope);
  }
  return run(node.children[i], scope);
}

Evaluator::Flow Evaluator::run_loop(const Node& node, const Value& over, const Place& scope, int64_t depth) {
  auto loop = std::make_shared<Loop>();
  std::vector<Value> all = elements(over);
  const Node& condition = node.children[2];
  if (condition.kind == Node::Kind::absent) {
    loop->items = std::move(all);
  } else {
    for (Value& one : all) {
      const auto inner = std::make_shared<Scope>(scope);
      inner->names["loop"] = Value::undefined("a loop's condition does not know \"loop\"");
      assign(node.children[0], one, inner);
      if (truth(evaluate(condition, inner))) loop->items.push_back(std::move(one));
    }
  }
  loop->depth = depth;
  loop->recursive = node.flag ? &node : nullptr;
  loop->scope = node.flag ? scope : nullptr;
  const Value handle(Kind::loop, loop);
  for (; loop->index < loop->items.size(); ++loop->index) {
    spend(200);
    const auto inner = std::make_shared<Scope>(scope);
    inner->names["loop"] = handle;
    assign(node.children[0], loop->items[loop->index], inner);
    if (run(node.children[3], inner) == Flow::leave) return Flow::on;
  }
  if (loop->items.empty()) return run(node.children[4], std::make_shared<Scope>(scope));
  return Flow::on;
}

void Evaluator::run_set_block(const Node& node, const Place& scope) {
  std::string text = captured(node.children[2], std::make_shared<Scope>(scope));
  const Value made =
      node.children[1].kind == Node::Kind::absent ? Value(std::move(text)) : filtered_block(node.children[1], text, scope);
  assign(node.children[0], made, scope);
}

Evaluator::Flow Evaluator::run_with(const Node& node, const Place& scope) {
  const auto inner = std::make_shared<Scope>(scope);
  for (size_t i = 0; i + 1 < node.children.size(); i += 2)
    assign(node.children[i], evaluate(node.children[i + 1], scope), inner);
  return run(node.children.back(), inner);
}

void Evaluator::run_generation(const Node& node, const Place& scope) {
  const std::string text = captured(node.children[0], std::make_shared<Scope>(scope));
  const size_t begin = text_.size();
  write(text);
  generations_.emplace_back(begin, begin + text.size());
}

void Evaluator::assign(const Node& target, const Value& value, const Place& scope) {
  if (target.kind == Node::Kind::name) {
    scope->names[target.text] = value;
  } else if (target.kind == Node::Kind::member) {
    const Value space = name(target.text, scope);
    if (!space.is(Kind::space)) throw Fault{fmt::format("\"{}\" is no namespace, whose attribute is set", target.text)};
    space.as<Space>().names[target.names[0]] = value;
  } else {
    const std::vector<Value> parts = elements(value);
    if (parts.size() != target.children.size())
      throw Fault{fmt::format("found {} values for {} names", parts.size(), target.children.size())};
    for (size_t i = 0; i < parts.size(); ++i) assign(target.children[i], parts[i], scope);
  }
}

std::string Evaluator::captured(const Node& block, const Place& scope) {
  std::string text;
  std::string* before = std::exchange(out_, &text);
  try {
    run(block, scope);
  } catch (...) {
    out_ = before;
    throw;
  }
  out_ = before;
  captured_ -= text.size();
  return text;
}

Value Evaluator::filtered_block(const Node& filters, const std::string& text, const Place& scope) {
  if (filters.kind == Node::Kind::absent) return Value(text);
  const Value subject = filtered_block(filters.children[0], text, scope);
  return apply_filter(filters, subject, scope);
}

}  // namespace hyplora::jinja

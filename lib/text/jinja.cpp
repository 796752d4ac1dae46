#include "text/jinja.h"

#include <algorithm>

#include "text/jinja/evaluator.h"

namespace hyplora {
namespace {

using jinja::Kind;
using jinja::Value;

/// JSON nests at most as deep as core/json lets it.
Value value_of(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<int64_t>();
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
        throw jinja::Fault{fmt::format("the conversation holds {}, which does not fit into 64 bits", json.get<uint64_t>())};
      return json.get<int64_t>();
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return Value(json.get_ref<const std::string&>());
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(value_of(item));
      return Value::list(std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      items.reserve(json.size());
      for (const auto& [key, value] : json.items()) items.emplace_back(Value(key), value_of(value));
      return Value::dict(std::move(items));
    }
    default:
      return Kind::none;
  }
}

bool has_generation(const jinja::Node& node) {
  return node.kind == jinja::Node::Kind::generation || std::any_of(node.children.begin(), node.children.end(), has_generation);
}

}  // namespace

JinjaTemplate::JinjaTemplate(const std::string& source, std::string name) : name_(std::move(name)) {
  root_ = std::make_shared<const jinja::Node>(jinja::parse(source, name_));
  marks_generation_ = has_generation(*root_);
}

Rendering JinjaTemplate::rendering(const Json& variables, std::time_t now) const {
  int line = 1;
  try {
    std::vector<std::pair<std::string, Value>> given;
    for (const auto& [name, value] : variables.items()) given.emplace_back(name, value_of(value));
    const jinja::Ledger ledger;
    const auto globals = std::make_shared<jinja::Scope>(nullptr);
    for (auto& [name, value] : given) globals->names[name] = std::move(value);
    jinja::Evaluator evaluator(globals, now);
    try {
      evaluator.render(*root_);
    } catch (const jinja::Fault&) {
      line = evaluator.line();
      throw;
    }
    return {evaluator.text(), evaluator.generations()};
  } catch (const jinja::Fault& fault) {
    throw InputError("{}: line {}: {}.", name_, line, fault.what);
  } catch (const jinja::Refusal& refusal) {
    throw TemplateRefusal(name_, refusal.text);
  }
}

}  // namespace hyplora

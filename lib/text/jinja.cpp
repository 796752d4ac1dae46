#include "text/jinja.h"

#include <algorithm>

#include "text/jinja_builtins.h"

namespace hyplora {
namespace jinja {
namespace {

using Kind = Node::Kind;

constexpr int64_t most_steps = 10'000'000;
constexpr size_t most_bytes = 64 << 20;
constexpr int deepest_call = 100;

/// How a block was left.
enum class Leaving { at_its_end, with_break, with_continue };

class Renderer {
 public:
  Renderer(const std::string& name, std::time_t now) : name_(name), now_(now) {}

  std::string render(const Node& root, const Json& variables) {
    scope_ = std::make_shared<Scope>();
    for (const char* function : {"raise_exception", "strftime_now", "range", "namespace", "dict"})
      scope_->names[function] = Value::function(function);
    for (const auto& [key, value] : variables.items()) scope_->names[key] = Value(value);
    run(root);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const Node& node, const std::string& what) const {
    throw InputError("{}: line {}: {}.", name_, node.line, what);
  }

  /// A scope within the present one.
  class Inner {
   public:
    Inner(Renderer& renderer, std::shared_ptr<Scope> outer) : renderer_(renderer), before_(renderer.scope_) {
      renderer_.scope_ = std::make_shared<Scope>(Scope{{}, std::move(outer)});
    }
    ~Inner() { renderer_.scope_ = before_; }

   private:
    Renderer& renderer_;
    std::shared_ptr<Scope> before_;
  };

  void step(const Node& node) {
    if (++steps_ > most_steps) fail(node, "rendering takes more than 10000000 steps");
  }
  void print(const Node& node, const std::string& text) {
    out_ += text;
    if (out_.size() > most_bytes) fail(node, "it renders more than 64 MiB");
  }

  // ---- statements
  Leaving run(const Node& node) {
    step(node);
    switch (node.kind) {
      case Kind::block:
        for (const Node& one : node.children) {
          if (const Leaving how = run(one); how != Leaving::at_its_end) return how;
        }
        return Leaving::at_its_end;
      case Kind::text:
        print(node, node.text);
        return Leaving::at_its_end;
      case Kind::output:
        print(node, guarded(node, [&] { return text_of(value(node.children[0])); }));
        return Leaving::at_its_end;
      case Kind::branch:
        return branch(node);
      case Kind::loop:
        return loop(node);
      case Kind::set:
        set(node);
        return Leaving::at_its_end;
      case Kind::set_block:
        set_block(node);
        return Leaving::at_its_end;
      case Kind::macro:
        scope_->names[node.text] = Value::macro(node, scope_);
        return Leaving::at_its_end;
      case Kind::leave:
        return Leaving::with_break;
      default:
        return Leaving::with_continue;
    }
  }

  Leaving branch(const Node& node) {
    for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
      if (truth(value(node.children[i]))) return run(node.children[i + 1]);
    }
    return node.children.size() % 2 == 1 ? run(node.children.back()) : Leaving::at_its_end;
  }

  void bind(const Node& node, const Value& given) {
    if (node.names.size() == 1) {
      scope_->names[node.names[0]] = given;
      return;
    }
    const auto parts = guarded(node, [&] { return elements(given); });
    if (parts.size() != node.names.size()) fail(node, fmt::format("{} names for {} values", node.names.size(), parts.size()));
    for (size_t i = 0; i < parts.size(); ++i) scope_->names[node.names[i]] = parts[i];
  }

  Leaving loop(const Node& node) {
    auto all = guarded(node, [&] { return elements(value(node.children[0])); });
    if (node.children[1].kind != Kind::absent) {
      std::erase_if(all, [&](const Value& one) {
        const Inner inner(*this, scope_);
        bind(node, one);
        return !truth(value(node.children[1]));
      });
    }
    if (all.empty()) return run(node.children[3]);
    for (size_t i = 0; i < all.size(); ++i) {
      const Inner inner(*this, scope_);
      scope_->names["loop"] = loop_facts(all, i);
      bind(node, all[i]);
      if (run(node.children[2]) == Leaving::with_break) break;
    }
    return Leaving::at_its_end;
  }

  static Value loop_facts(const std::vector<Value>& all, size_t i) {
    const auto number = [](size_t value) { return Value(Json(static_cast<int64_t>(value))); };
    std::map<std::string, Value> facts{{"index", number(i + 1)},
                                       {"index0", number(i)},
                                       {"revindex", number(all.size() - i)},
                                       {"revindex0", number(all.size() - i - 1)},
                                       {"first", Json(i == 0)},
                                       {"last", Json(i + 1 == all.size())},
                                       {"length", number(all.size())}};
    facts["previtem"] = i > 0 ? all[i - 1] : Value::undefined("previtem");
    facts["nextitem"] = i + 1 < all.size() ? all[i + 1] : Value::undefined("nextitem");
    return Value::space(std::move(facts));
  }

  void set(const Node& node) {
    Value made = value(node.children[0]);
    if (node.text.empty()) return bind(node, made);
    const Value target = looked_up(node.names[0]);
    if (target.attributes() == nullptr) fail(node, "an attribute can be set of a namespace only");
    (*target.attributes())[node.text] = std::move(made);
  }

  /// What a block prints, as a text.
  std::string captured(const Node& block) {
    std::string outer = std::exchange(out_, "");
    run(block);
    return std::exchange(out_, std::move(outer));
  }

  void set_block(const Node& node) {
    {
      const Inner inner(*this, scope_);
      through_ = Json(captured(node.children[0]));
    }
    scope_->names[node.names[0]] = value(node.children[1]);
  }

  // ---- expressions
  /// Adds the line to a fault.
  template <class Work>
  auto guarded(const Node& node, Work work) -> decltype(work()) {
    try {
      return work();
    } catch (const Fault& fault) {
      fail(node, fault.what);
    }
  }

  Value looked_up(const std::string& name) const {
    for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->outer.get()) {
      const auto found = scope->names.find(name);
      if (found != scope->names.end()) return found->second;
    }
    return Value::undefined(name);
  }

  Value value(const Node& node) {
    step(node);
    return guarded(node, [&] { return unguarded(node); });
  }

  Value unguarded(const Node& node) {
    switch (node.kind) {
      case Kind::absent:
        return through_;
      case Kind::constant:
        return node.value;
      case Kind::name:
        return looked_up(node.text);
      case Kind::list:
        return list(node);
      case Kind::dict:
        return dict(node);
      case Kind::attribute:
        return attribute(value(node.children[0]), node.text);
      case Kind::item:
        return item(value(node.children[0]), value(node.children[1]));
      case Kind::slice:
        return slice(value(node.children[0]), bound(node.children[1]), bound(node.children[2]),
                     bound(node.children[3]).value_or(1));
      case Kind::call:
        return call(node);
      case Kind::filter:
        return filter(node);
      case Kind::test:
        return Json(tested(node.text, value(node.children[0]), arguments(node)));
      case Kind::unary:
        return unary(node);
      case Kind::binary:
        return joined(node);
      default:
        return conditional(node);
    }
  }

  Value list(const Node& node) {
    Json made = Json::array();
    for (const Node& child : node.children) made.push_back(stored(value(child)));
    return made;
  }
  Value dict(const Node& node) {
    Json made = Json::object();
    for (size_t i = 0; i < node.children.size(); i += 2) {
      const Value key = value(node.children[i]);
      if (!key.is_string()) throw Fault{"a dict's key that is no text is not supported"};
      made[text_of(key)] = stored(value(node.children[i + 1]));
    }
    return made;
  }
  static Json stored(const Value& value) {
    if (!value.is_json()) throw Fault{"a list or dict of what is undefined, a namespace or a macro is not supported"};
    return value.json();
  }

  std::optional<int64_t> bound(const Node& node) {
    if (node.kind == Kind::absent) return std::nullopt;
    const Value found = value(node);
    return found.is_none() ? std::nullopt : std::optional(integer_of(found));
  }

  static Value attribute(const Value& of, const std::string& name) { return item(of, Json(name)); }

  Value unary(const Node& node) {
    const Value of = value(node.children[0]);
    if (node.text == "not") return Json(!truth(of));
    if (!of.is_number()) throw Fault{"a sign stands before what is no number"};
    return binary("*", Json(node.text == "-" ? -1 : 1), of);
  }

  Value joined(const Node& node) {
    Value left = value(node.children[0]);
    if (node.text == "and") return truth(left) ? value(node.children[1]) : left;
    if (node.text == "or") return truth(left) ? left : value(node.children[1]);
    Value made = binary(node.text, left, value(node.children[1]));
    if (made.is_string() && made.json().get_ref<const std::string&>().size() > most_bytes)
      throw Fault{"a text longer than 64 MiB"};
    return made;
  }

  Value conditional(const Node& node) {
    if (truth(value(node.children[1]))) return value(node.children[0]);
    return node.children[2].kind == Kind::absent ? Value() : value(node.children[2]);
  }

  Value filter(const Node& node) {
    const Value of = value(node.children[0]);
    return filtered(node.text, of, arguments(node));
  }

  Arguments arguments(const Node& node) {
    Arguments given;
    for (size_t i = 1; i < node.children.size(); ++i) given.in_order.push_back(value(node.children[i]));
    for (const auto& [name, one] : node.keywords) given.by_name.emplace_back(name, value(one));
    return given;
  }

  Value call(const Node& node) {
    const Node& callee = node.children[0];
    if (callee.kind == Kind::attribute) {
      const Value of = value(callee.children[0]);
      if (of.is_undefined()) throw Fault{fmt::format("'{}' is undefined", of.name())};
      if (has_method(callee.text, of)) return *method(callee.text, of, arguments(node));
      if (callee.text == "cycle" && of.attributes() != nullptr && of.attributes()->count("index0") > 0 &&
          node.children.size() > 1)
        return arguments(node)
            .in_order[static_cast<size_t>(integer_of(of.attributes()->at("index0"))) % (node.children.size() - 1)];
      const Value found = attribute(of, callee.text);
      if (found.macro_node() == nullptr) throw Fault{fmt::format("the method \"{}\" is not supported", callee.text)};
      return macro(found, arguments(node));
    }
    const Value found = value(callee);
    if (found.macro_node() != nullptr) return macro(found, arguments(node));
    if (found.function_name().empty())
      throw Fault{found.is_undefined() ? fmt::format("'{}' is undefined", found.name())
                                       : std::string("what is called is no function")};
    return function(found.function_name(), arguments(node));
  }

  Value macro(const Value& which, const Arguments& given) {
    const Node& node = *which.macro_node();
    if (++calls_ > deepest_call) throw Fault{"macros call each other more than 100 levels deep"};
    if (given.in_order.size() > node.names.size()) throw Fault{"too many arguments for macro " + node.text};
    const Inner inner(*this, which.macro_scope());
    for (size_t i = 0; i < node.names.size(); ++i) {
      Value one = given.get(i, node.names[i].c_str());
      if (one.is_undefined() && node.children[i + 1].kind != Kind::absent) one = value(node.children[i + 1]);
      scope_->names[node.names[i]] = one.is_undefined() ? Value::undefined(node.names[i]) : one;
    }
    Value made = Json(captured(node.children[0]));
    --calls_;
    return made;
  }

  Value function(const std::string& name, const Arguments& given) {
    if (name == "raise_exception") throw TemplateRefusal(name_, given.text(0, "message", ""));
    if (name == "strftime_now") return Json(date(given.text(0, "format", "")));
    if (name == "range") return range(given);
    if (name == "namespace") {
      std::map<std::string, Value> attributes;
      for (const Value& from : given.in_order) {
        for (const Value& key : elements(from)) attributes[text_of(key)] = item(from, key);
      }
      for (const auto& [key, one] : given.by_name) attributes[key] = one;
      return Value::space(std::move(attributes));
    }
    Json made = given.in_order.empty() ? Json::object() : stored(given.in_order[0]);
    for (const auto& [key, one] : given.by_name) made[key] = stored(one);
    return made;
  }

  static Value range(const Arguments& given) {
    std::vector<int64_t> ends;
    for (const Value& one : given.in_order) ends.push_back(integer_of(one));
    if (ends.empty() || ends.size() > 3) throw Fault{"range takes one to three numbers"};
    const int64_t first = ends.size() > 1 ? ends[0] : 0, end = ends.size() > 1 ? ends[1] : ends[0],
                  step = ends.size() > 2 ? ends[2] : 1;
    if (step == 0) throw Fault{"range with a step of 0"};
    Json made = Json::array();
    for (int64_t i = first; step > 0 ? i < end : i > end;) {
      made.push_back(i);
      if (made.size() > 100'000) throw Fault{"a range of more than 100000 numbers"};  // as Jinja's sandbox
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    return made;
  }

  std::string date(const std::string& format) const {
    std::tm parts{};
    ::localtime_r(&now_, &parts);
    std::string text(format.size() * 16 + 64, '\0');
    text.resize(std::strftime(text.data(), text.size(), format.c_str(), &parts));
    return text;
  }

  const std::string& name_;
  std::time_t now_;
  std::shared_ptr<Scope> scope_;
  std::string out_;
  Value through_;  // what stands for `absent` in the filters of a set block
  int64_t steps_ = 0;
  int calls_ = 0;
};

}  // namespace
}  // namespace jinja

JinjaTemplate::JinjaTemplate(const std::string& source, std::string name)
    : name_(std::move(name)), root_(std::make_shared<const jinja::Node>(jinja::parse(source, name_))) {}

std::string JinjaTemplate::render(const Json& variables, std::time_t now) const {
  return jinja::Renderer(name_, now).render(*root_, variables);
}

}  // namespace hyplora

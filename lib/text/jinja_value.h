// Values of a Jinja template: JSON's, and what only lives while it is rendered. Their rules are Python's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "text/jinja_syntax.h"

namespace hyplora::jinja {

struct Scope;

class Value {
 public:
  Value() = default;  // undefined
  Value(Json json) : json_(std::make_shared<const Json>(std::move(json))) {}
  /// A part of another value, which is not copied.
  Value(const Value& whole, const Json& part) : json_(whole.json_, &part) {}
  static Value undefined(std::string name) {
    Value made;
    made.name_ = std::move(name);
    return made;
  }
  static Value space(std::map<std::string, Value> attributes) {
    Value made;
    made.space_ = std::make_shared<std::map<std::string, Value>>(std::move(attributes));
    return made;
  }
  static Value macro(const Node& node, std::shared_ptr<Scope> where) {
    Value made;
    made.macro_ = &node;
    made.where_ = std::move(where);
    return made;
  }
  static Value function(std::string name) {
    Value made;
    made.function_ = std::move(name);
    return made;
  }

  bool is_undefined() const { return !json_ && !space_ && macro_ == nullptr && function_.empty(); }
  bool is_json() const { return json_ != nullptr; }
  const Json& json() const { return *json_; }
  const std::string& name() const { return name_; }  // of what is undefined
  std::map<std::string, Value>* attributes() const { return space_.get(); }
  const Node* macro_node() const { return macro_; }
  const std::shared_ptr<Scope>& macro_scope() const { return where_; }
  const std::string& function_name() const { return function_; }

  bool is_string() const { return json_ && json_->is_string(); }
  bool is_list() const { return json_ && json_->is_array(); }
  bool is_dict() const { return json_ && json_->is_object(); }
  bool is_number() const { return json_ && (json_->is_number() || json_->is_boolean()); }
  bool is_integer() const { return json_ && (json_->is_number_integer() || json_->is_boolean()); }
  bool is_none() const { return json_ && json_->is_null(); }

 private:
  std::shared_ptr<const Json> json_;
  std::shared_ptr<std::map<std::string, Value>> space_;
  const Node* macro_ = nullptr;
  std::shared_ptr<Scope> where_;
  std::string name_, function_;
};

/// Names, those of an outer scope seen from within.
struct Scope {
  std::map<std::string, Value> names;
  std::shared_ptr<Scope> outer;
};

/// What went wrong in an expression; the line is added where it is evaluated.
struct Fault {
  std::string what;
};

/// Python's bool(), str() and repr().
bool truth(const Value& value);
std::string text_of(const Value& value);
std::string repr(const Json& value);

int64_t integer_of(const Value& value);  // Fault: it is none
double real_of(const Value& value);      // Fault: it is none

bool equal(const Json& a, const Json& b);
/// a < b. Fault: of kinds that have no order.
bool less(const Json& a, const Json& b);
bool contains(const Value& whole, const Value& part);
Value binary(const std::string& sign, const Value& a, const Value& b);

/// The elements that a loop goes through: of a list, characters of a string, keys of a dict, none of what is undefined.
std::vector<Value> elements(const Value& value);
int64_t length(const Value& value);
/// value[index], value[start:stop:step]; undefined where there is none.
Value item(const Value& value, const Value& index);
Value slice(const Value& value, const std::optional<int64_t>& start, const std::optional<int64_t>& stop, int64_t step);
/// The characters of a text.
std::vector<std::string> characters(const std::string& text);

/// As json.dumps(value, ensure_ascii=False, indent=indent) writes it.
std::string dumped(const Json& value, std::optional<int64_t> indent, int64_t level = 0);

}  // namespace hyplora::jinja

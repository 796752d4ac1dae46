// Jinja's filters and tests, and the methods of Python's texts, lists and dicts, as far as chat templates use them.
#pragma once

#include <utility>
#include <vector>

#include "text/jinja_value.h"

namespace hyplora::jinja {

/// What stands in the parentheses of a call.
class Arguments {
 public:
  std::vector<Value> in_order;
  std::vector<std::pair<std::string, Value>> by_name;

  /// The one at a place or under a name; undefined where neither is given.
  Value get(size_t place, const char* name) const;
  bool has(size_t place, const char* name) const { return !get(place, name).is_undefined(); }
  std::string text(size_t place, const char* name, const std::string& otherwise) const;
};

/// Fault: there is none of that name.
Value filtered(const std::string& filter, const Value& value, const Arguments& arguments);
bool tested(const std::string& test, const Value& value, const Arguments& arguments);
/// Nothing where the value's kind has no such method.
std::optional<Value> method(const std::string& name, const Value& value, const Arguments& arguments);
bool has_method(const std::string& name, const Value& value);

}  // namespace hyplora::jinja

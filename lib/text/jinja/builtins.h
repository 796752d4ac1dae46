// Jinja's filters and tests, the methods of Python's texts, lists and dicts, and the arguments that they are called with.
#pragma once

#include <initializer_list>

#include "text/jinja/value.h"

namespace hyplora::jinja {

/// What stands in the parentheses of a call.
struct Arguments {
  std::vector<Value> in_order;
  std::vector<std::pair<std::string, Value>> by_name;
};

/// Arguments under the names of parameters: Python's way of matching them.
class Bound {
 public:
  /// The first `required` parameters have no default. Fault: too many, too few, one that is unknown or given twice.
  Bound(const std::string& function, const Arguments& arguments, std::initializer_list<const char*> names, size_t required);

  const Value& operator[](size_t place) const { return values_[place]; }
  bool has(size_t place) const { return values_[place].given(); }
  std::string text(size_t place, const std::string& otherwise) const;
  int64_t integer(size_t place, int64_t otherwise) const;
  bool flag(size_t place, bool otherwise = false) const;

 private:
  const std::string& function_;
  std::vector<Value> values_;
};

/// Fault: found another kind.
const std::string& text_in(const Value& value);

bool is_filter(const std::string& name);
bool is_test(const std::string& name);
/// Fault: there is none of that name, or it fails.
Value filtered(const std::string& filter, const Value& value, const Arguments& arguments);
bool tested(const std::string& test, const Value& value, const Arguments& arguments);

/// Whether a value of this kind has such a method, and its call. Methods that would change the value are none.
bool has_method(const Value& value, const std::string& name);
Value call_method(const std::string& name, const Value& self, const Arguments& arguments);
bool has_text_method(const std::string& name);
Value call_text_method(const std::string& name, const Value& self, const Arguments& arguments);

/// value.name and value[name] of Jinja: attributes first, or elements first. Undefined where there is neither.
Value attribute(const Value& value, const std::string& name);
Value element(const Value& value, const Value& index);
/// "a.b.0" of a filter's parameter `attribute`, one after the other.
Value at_path(const Value& value, const Value& path, const Value& otherwise);

/// + - * / // % **
Value arithmetic(const std::string& sign, const Value& a, const Value& b);
/// %, of a text.
std::string percent_format(const std::string& form, const Value& values);
/// str.format.
std::string brace_format(const std::string& form, const Arguments& arguments);
/// format(value, form) of Python.
std::string formatted(const Value& value, const std::string& form);
/// & < > ' " as HTML has them.
std::string escaped(const std::string& text);
/// The text of a value, escaped unless it is safe.
std::string safe_text(const Value& value);

/// What methods and filters share.
std::string replaced(const std::string& text, const std::string& from, const std::string& to, int64_t most);
std::string stripped(const std::string& text, const Value& set, bool left, bool right);
std::vector<std::string> split_lines(const std::string& text, bool keep_ends = false);
std::string joined(const std::vector<Value>& parts, const std::string& between);
std::string centered(const Value& text, int64_t width, const std::string& fill, char side);
std::string repeated(const std::string& text, int64_t times);

/// Filters of sequences and of texts, by what their table holds.
struct FilterRow {
  const char* name;
  Value (*apply)(const std::string& name, const Value& value, const Arguments& arguments);
};
const FilterRow* sequence_filter(const std::string& name);
const FilterRow* text_filter(const std::string& name);

}  // namespace hyplora::jinja

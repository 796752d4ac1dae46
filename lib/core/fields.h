// Option structs said once: each struct lists its fields (name, target, help, rule) in one function; reading JSON, `--set`, the
// saved config, the schema and the checks are derived from that list.
//
//   struct Options { int64_t steps = 10; };
//   Fields fields_of(Options& o) { return Fields().add("steps", o.steps, "optimiser steps", at_least(1)); }
//
// Errors are InputErrors that name where the value came from, the key, what was found and what was expected.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hyplora {

using Json = nlohmann::ordered_json;

/// A JSON value that is one string or an array of strings; `single` remembers which, for those keys where it matters.
struct StringOrList {
  std::vector<std::string> values;
  bool single = false;
};

/// What a value must satisfy beyond its type: `holds`, and the words for "expected ...".
struct Rule {
  std::function<bool(const Json&)> holds;
  std::string expected;
};
Rule one_of(std::vector<std::string> names);
Rule at_least(double least);
Rule above(double bound);
Rule between(double least, double most);
Rule not_empty();

class Fields {
 public:
  template <class T>
  Fields& add(const std::string& name, T& target, const std::string& help, Rule rule = {}) {
    return add_field({name, type_name(target), help, to_json(target), std::move(rule), false,
                      [&target](const Json& v) { return from_json(v, target); }, [&target] { return to_json(target); }});
  }
  /// As `add`, for a key without a default: read_object fails when it is missing.
  template <class T>
  Fields& require(const std::string& name, T& target, const std::string& help, Rule rule = {}) {
    add(name, target, help, std::move(rule));
    fields_.back().required = true;
    return *this;
  }

  /// Sets the fields that `object` names. An unknown key is an error with the nearest known one.
  void read_object(const Json& object, const std::string& where);
  /// `name=value`; the value is JSON, or else the bare text.
  void read_assignment(const std::string& assignment);
  /// Every required field was read; call after all sources.
  void check_required(const std::string& where) const;

  Json values() const;
  /// One object a key: type, default (or required), meaning, and what is expected.
  Json schema() const;
  bool was_read(const std::string& name) const;

 private:
  struct Field {
    std::string name, type, help;
    Json default_value;
    Rule rule;
    bool required = false;
    std::function<bool(const Json&)> set;  // false: the type is wrong
    std::function<Json()> get;
    bool read = false;
  };

  Fields& add_field(Field field);
  Field& find(const std::string& name, const std::string& where);
  void set(const std::string& name, const Json& value, const std::string& where);

  static std::string type_name(const bool&) { return "boolean"; }
  static std::string type_name(const int64_t&) { return "integer"; }
  static std::string type_name(const double&) { return "number"; }
  static std::string type_name(const std::string&) { return "string"; }
  static std::string type_name(const std::optional<double>&) { return "number or null"; }
  static std::string type_name(const std::optional<std::string>&) { return "string or null"; }
  static std::string type_name(const StringOrList&) { return "string or array of strings"; }
  static std::string type_name(const std::optional<StringOrList>&) { return "string, array of strings or null"; }
  static std::string type_name(const std::optional<std::vector<int64_t>>&) { return "array of integers or null"; }
  static std::string type_name(const std::map<std::string, int64_t>&) { return "object of integers"; }
  static std::string type_name(const std::map<std::string, double>&) { return "object of numbers"; }

  static bool from_json(const Json& value, bool& target);
  static bool from_json(const Json& value, int64_t& target);
  static bool from_json(const Json& value, double& target);
  static bool from_json(const Json& value, std::string& target);
  static bool from_json(const Json& value, std::vector<int64_t>& target);  // one integer is an array of one
  template <class T>
  static bool from_json(const Json& value, std::optional<T>& target) {
    if (value.is_null()) target.reset();
    return value.is_null() || from_json(value, target.emplace());
  }
  static bool from_json(const Json& value, StringOrList& target);
  static bool from_json(const Json& value, std::map<std::string, int64_t>& target);
  static bool from_json(const Json& value, std::map<std::string, double>& target);

  static Json to_json(double value);
  static Json to_json(const StringOrList& value);
  template <class T>
  static Json to_json(const std::optional<T>& value) {
    return value ? to_json(*value) : Json(nullptr);
  }
  template <class T>
  static Json to_json(const T& value) {
    return Json(value);
  }

  std::vector<Field> fields_;
};

}  // namespace hyplora

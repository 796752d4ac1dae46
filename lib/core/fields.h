// Options said once: each struct lists its fields (name, target, help, rule) and two traits of each in one function. A config
// file, `--set`, the command line's flags with their completions, the schema, the saved settings, the checks, and what must be
// the same for a run to go on are derived from that list.
//
//   struct Options { int64_t steps = 10; std::string output; };
//   Fields fields_of(Options& o) {
//     return Fields().add("steps", o.steps, "optimiser steps", at_least(1))
//                    .add("output", o.output, "folder to write").names_files().changes_nothing();
//   }
//
// Errors are InputErrors that name where the value came from, the key, what was found and what was expected.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace hyplora {

/// A JSON value that is one string or an array of strings; `single` remembers which, for those keys where it matters.
struct StringOrList {
  std::vector<std::string> values;
  bool single = false;
};

/// A number, or the word "auto" in its place; `number` is then what stands until the right one is known.
struct NumberOrAuto {
  double number = 0;
  bool is_auto = false;

  NumberOrAuto(double value, bool automatic = false) : number(value), is_auto(automatic) {}
  operator double() const { return number; }
};

/// What a value must satisfy beyond its type: `holds`, the words for "expected ...", and the values to choose from, where there
/// is such a list.
struct Rule {
  std::function<bool(const Json&)> holds;
  std::string expected;
  std::vector<std::string> choices = {};
};
Rule one_of(std::vector<std::string> names);
/// One of the names, or the path of a file.
Rule one_of_or_file(std::vector<std::string> names);
Rule at_least(double least);
Rule above(double bound);
Rule between(double least, double most);
/// Above `bound` and at most `most`.
Rule above_to(double bound, double most);
Rule not_empty();
/// What holds for a number, or the word "auto".
Rule or_auto(Rule rule);

/// A field's name on the command line: "--max-new-tokens".
std::string flag_of(const std::string& name);

/// One option: what can be said of it without its struct.
struct Field {
  std::string name, type, help;
  Json default_value;
  Rule rule;
  bool required = false;
  bool changes_result = true;                 // another value computes something else
  bool names_files = false;                   // a path or several; what is there counts, not the name
  bool positional = false;                    // stands on the command line without a flag
  int64_t texts = 1;                          // that follow its flag on the command line
  bool read = false;                          // a config, an assignment or a flag said it
  std::function<bool(const Json&)> set = {};  // false: the type is wrong
  std::function<Json()> get = {};

  /// As the command line knows it: "--steps", or the bare name of a positional.
  std::string label() const { return positional ? name : flag_of(name); }
  bool is_switch() const { return type == "boolean"; }
  /// Whether it takes several values.
  bool is_list() const { return type.find("array") != std::string::npos; }
  /// Whether each text given is an element, never JSON.
  bool is_text_list() const { return type == "array of strings"; }
};

/// Where the values of a program's options come from, in the order in which they count.
struct Sources {
  Json config = Json::object();
  std::string config_file;
  std::vector<std::string> assignments;                                 // --set key=value
  std::vector<std::pair<std::string, std::vector<std::string>>> flags;  // a field's name and the texts given
};

class Fields {
 public:
  template <class T>
  Fields& add(const std::string& name, T& target, const std::string& help, Rule rule = {}) {
    Field field{name, type_name(target), help, to_json(target), std::move(rule)};
    field.set = [&target](const Json& v) { return from_json(v, target); };
    field.get = [&target] { return to_json(target); };
    fields_.push_back(std::move(field));
    return *this;
  }
  /// As `add`, for a key without a default: check_required fails when it is missing.
  template <class T>
  Fields& require(const std::string& name, T& target, const std::string& help, Rule rule = {}) {
    add(name, target, help, std::move(rule));
    fields_.back().required = true;
    return *this;
  }
  /// Of the field added last: whatever its value, the same is computed, so that a run may go on with another.
  Fields& changes_nothing();
  /// Of the field added last: it names a file or folder, or several.
  Fields& names_files();
  /// Of the field added last: on the command line it stands without a flag.
  Fields& positional();
  /// Of the field added last, a list: so many texts follow its flag.
  Fields& takes(int64_t texts);
  /// What holds between several fields: throws InputError where it does not. Run by `read` and `check`.
  Fields& require_that(std::function<void()> holds);
  Fields& append(Fields more);

  /// All sources in their order; then what is required, and what must hold between fields.
  void read(const Sources& sources);
  /// Sets the fields that `object` names. An unknown key is an error with the nearest known one.
  void read_object(const Json& object, const std::string& where);
  /// `name=value`; the value is JSON, or else the bare text.
  void read_assignment(const std::string& assignment);
  /// The texts behind a field's flag on the command line, one for each time that it was given.
  void read_flag(const std::string& name, const std::vector<std::string>& texts);
  /// Every required field was read; `where` as in "<where>: key ... is missing", empty for the command line.
  void check_required(const std::string& where) const;
  /// The values as they are keep to the rules, whoever set them.
  void check() const;

  const std::vector<Field>& all() const { return fields_; }
  Json values() const;
  /// Those that change the result and name no files; of the named files the bytes count (io/identity.h).
  Json counting_values() const;
  /// One object a key: type, default (or required), meaning, what is expected, and the traits.
  Json schema() const;
  bool was_read(const std::string& name) const;

 private:
  Field& find(const std::string& name, const std::string& where);
  /// `place` as an error names the field: `c.json: key "steps"`, `--steps`.
  static void set(Field& field, const Json& value, const std::string& place);
  void run_requirements() const;

  static std::string type_name(const bool&) { return "boolean"; }
  static std::string type_name(const int64_t&) { return "integer"; }
  static std::string type_name(const uint64_t&) { return "integer"; }
  static std::string type_name(const double&) { return "number"; }
  static std::string type_name(const std::string&) { return "string"; }
  static std::string type_name(const std::vector<std::string>&) { return "array of strings"; }
  static std::string type_name(const std::optional<int64_t>&) { return "integer or null"; }
  static std::string type_name(const std::optional<double>&) { return "number or null"; }
  static std::string type_name(const std::optional<std::string>&) { return "string or null"; }
  static std::string type_name(const NumberOrAuto&) { return "number or \"auto\""; }
  static std::string type_name(const StringOrList&) { return "string or array of strings"; }
  static std::string type_name(const std::optional<StringOrList>&) { return "string, array of strings or null"; }
  static std::string type_name(const std::optional<std::vector<int64_t>>&) { return "array of integers or null"; }
  static std::string type_name(const std::map<std::string, int64_t>&) { return "object of integers"; }
  static std::string type_name(const std::map<std::string, double>&) { return "object of numbers"; }

  static bool from_json(const Json& value, bool& target);
  static bool from_json(const Json& value, int64_t& target);
  static bool from_json(const Json& value, uint64_t& target);
  static bool from_json(const Json& value, double& target);
  static bool from_json(const Json& value, std::string& target);
  static bool from_json(const Json& value, std::vector<int64_t>& target);      // one integer is an array of one
  static bool from_json(const Json& value, std::vector<std::string>& target);  // likewise
  template <class T>
  static bool from_json(const Json& value, std::optional<T>& target) {
    if (value.is_null()) target.reset();
    return value.is_null() || from_json(value, target.emplace());
  }
  static bool from_json(const Json& value, NumberOrAuto& target);
  static bool from_json(const Json& value, StringOrList& target);
  static bool from_json(const Json& value, std::map<std::string, int64_t>& target);
  static bool from_json(const Json& value, std::map<std::string, double>& target);

  static Json to_json(double value);
  static Json to_json(const NumberOrAuto& value) { return value.is_auto ? Json("auto") : to_json(value.number); }
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
  std::vector<std::function<void()>> requirements_;
};

}  // namespace hyplora

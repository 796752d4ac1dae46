#include "core/fields.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "core/text_distance.h"

namespace hyplora {
namespace {

/// Text from a command line: JSON where the field can be that, or else as it stands.
Json bare_or_json(const Field& field, const std::string& text) {
  const std::optional<Json> value = try_json(text);
  const bool wants_text = field.type.starts_with("string");
  if (!value || (wants_text && !value->is_string() && !value->is_array() && !value->is_null())) return text;
  return *value;
}

std::string key_in(const std::string& where, const std::string& name) { return fmt::format("{}: key \"{}\"", where, name); }

bool numbers_hold(const Json& value, const std::function<bool(double)>& test) {
  if (value.is_null()) return true;
  if (value.is_number()) return test(value.get<double>());
  return std::all_of(value.begin(), value.end(), [&](const Json& v) { return test(v.get<double>()); });
}

}  // namespace

std::string flag_of(const std::string& name) {
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Rule one_of(std::vector<std::string> names) {
  const auto holds = [names](const Json& v) {
    return v.is_null() || std::find(names.begin(), names.end(), v.get<std::string>()) != names.end();
  };
  const std::string expected = fmt::format("one of {}", fmt::join(names, ", "));
  return {holds, expected, std::move(names)};
}

Rule one_of_or_file(std::vector<std::string> names) {
  Rule rule = one_of(std::move(names));
  rule.holds = [named = rule.holds](const Json& v) {
    std::error_code ignored;
    return named(v) || std::filesystem::is_regular_file(v.get<std::string>(), ignored);
  };
  rule.expected += " or a file";
  return rule;
}

Rule at_least(double least) {
  return {[=](const Json& v) { return numbers_hold(v, [=](double x) { return x >= least; }); },
          fmt::format("at least {}", least)};
}

Rule above(double bound) {
  return {[=](const Json& v) { return numbers_hold(v, [=](double x) { return x > bound; }); },
          fmt::format("a number above {}", bound)};
}

Rule between(double least, double most) {
  return {[=](const Json& v) { return numbers_hold(v, [=](double x) { return x >= least && x <= most; }); },
          fmt::format("a number from {} to {}", least, most)};
}

Rule above_to(double bound, double most) {
  return {[=](const Json& v) { return numbers_hold(v, [=](double x) { return x > bound && x <= most; }); },
          fmt::format("a number above {} and at most {}", bound, most)};
}

Rule not_empty() {
  return {[](const Json& v) { return !v.empty() && v != ""; }, "something that is not empty", {}};
}

Rule or_auto(Rule rule) {
  return {[holds = std::move(rule.holds)](const Json& v) { return v == "auto" || holds(v); }, rule.expected + ", or \"auto\""};
}

Fields& Fields::changes_nothing() {
  fields_.back().changes_result = false;
  return *this;
}

Fields& Fields::names_files() {
  fields_.back().names_files = true;
  return *this;
}

Fields& Fields::positional() {
  fields_.back().positional = true;
  return *this;
}

Fields& Fields::takes(int64_t texts) {
  fields_.back().texts = texts;
  return *this;
}

Fields& Fields::require_that(std::function<void()> holds) {
  requirements_.push_back(std::move(holds));
  return *this;
}

Fields& Fields::append(Fields more) {
  std::move(more.fields_.begin(), more.fields_.end(), std::back_inserter(fields_));
  std::move(more.requirements_.begin(), more.requirements_.end(), std::back_inserter(requirements_));
  return *this;
}

Field& Fields::find(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (auto& field : fields_) {
    if (field.name == name) return field;
    known.push_back(field.name);
  }
  throw InputError("{}: unknown key \"{}\"; the nearest known key is \"{}\".", where, name, nearest_name(name, known));
}

void Fields::set(Field& field, const Json& value, const std::string& place) {
  if (!field.set(value)) {
    throw InputError("{}: found {} ({}), expected {}.", place, shown(value), value.type_name(), field.type);
  }
  if (field.rule.holds && !field.rule.holds(field.get())) {
    throw InputError("{}: found {}, expected {}.", place, shown(value), field.rule.expected);
  }
  field.read = true;
}

void Fields::read(const Sources& sources) {
  read_object(sources.config, sources.config_file);
  for (const auto& assignment : sources.assignments) read_assignment(assignment);
  for (const auto& [name, texts] : sources.flags) read_flag(name, texts);
  check_required(sources.config_file);
  run_requirements();
}

void Fields::read_object(const Json& object, const std::string& where) {
  if (!object.is_object()) throw InputError("{}: found {}, expected a JSON object.", where, object.type_name());
  for (const auto& [name, value] : object.items()) set(find(name, where), value, key_in(where, name));
}

void Fields::read_assignment(const std::string& assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError("--set: found \"{}\", expected key=value.", assignment);
  }
  const std::string name = assignment.substr(0, equals);
  Field& field = find(name, "--set");
  set(field, bare_or_json(field, assignment.substr(equals + 1)), key_in("--set", name));
}

void Fields::read_flag(const std::string& name, const std::vector<std::string>& texts) {
  Field& field = find(name, "command line");
  const bool is_text = field.type.starts_with("string") && !field.is_list(), whole = texts.size() == 1 && !field.is_text_list();
  set(field, is_text ? Json(texts.back()) : whole ? bare_or_json(field, texts[0]) : Json(texts), field.label());
}

void Fields::check_required(const std::string& where) const {
  for (const auto& field : fields_) {
    if (!field.required || field.read) continue;
    if (where.empty()) throw InputError("{} is missing: {}; it may also stand in a --config FILE.", field.label(), field.help);
    throw InputError("{}: key \"{}\" is missing: {}.", where, field.name, field.help);
  }
}

void Fields::check() const {
  for (const auto& field : fields_) {
    const Json value = field.get();
    if (field.rule.holds && !field.rule.holds(value))
      throw InputError("{}: found {}, expected {}.", field.name, shown(value), field.rule.expected);
  }
  run_requirements();
}

void Fields::run_requirements() const {
  for (const auto& holds : requirements_) holds();
}

Json Fields::values() const {
  Json all = Json::object();
  for (const auto& field : fields_) all[field.name] = field.get();
  return all;
}

Json Fields::counting_values() const {
  Json counting = Json::object();
  for (const auto& field : fields_) {
    if (field.changes_result && !field.names_files) counting[field.name] = field.get();
  }
  return counting;
}

Json Fields::schema() const {
  Json all = Json::object();
  for (const auto& field : fields_) {
    Json& entry = all[field.name];
    entry["type"] = field.type;
    if (field.required) {
      entry["required"] = true;
    } else {
      entry["default"] = field.default_value;
    }
    if (!field.rule.expected.empty()) entry["expected"] = field.rule.expected;
    entry["meaning"] = field.help;
    entry["changes_result"] = field.changes_result;
    entry["names_files"] = field.names_files;
  }
  return all;
}

bool Fields::was_read(const std::string& name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name && f.read; });
}

bool Fields::from_json(const Json& value, bool& target) {
  if (value.is_boolean()) target = value.get<bool>();
  return value.is_boolean();
}

bool Fields::from_json(const Json& value, int64_t& target) {
  if (value.is_number_float()) {  // 1e3 is how people write a thousand
    const double number = value.get<double>();
    if (std::floor(number) != number || std::fabs(number) > 9e15) return false;
    target = static_cast<int64_t>(number);
    return true;
  }
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return false;
  if (value.is_number_integer()) target = value.get<int64_t>();
  return value.is_number_integer();
}

bool Fields::from_json(const Json& value, uint64_t& target) {
  int64_t number = 0;
  if (value.is_number_unsigned()) {
    target = value.get<uint64_t>();
    return true;
  }
  if (!from_json(value, number) || number < 0) return false;
  target = static_cast<uint64_t>(number);
  return true;
}

bool Fields::from_json(const Json& value, double& target) {
  if (value.is_number()) target = value.get<double>();
  return value.is_number() && std::isfinite(target);
}

bool Fields::from_json(const Json& value, std::string& target) {
  if (value.is_string()) target = value.get<std::string>();
  return value.is_string();
}

bool Fields::from_json(const Json& value, std::vector<int64_t>& target) {
  target.clear();
  if (value.is_number()) return from_json(value, target.emplace_back());
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [&](const Json& v) { return from_json(v, target.emplace_back()); });
}

bool Fields::from_json(const Json& value, std::vector<std::string>& target) {
  StringOrList texts;
  if (!from_json(value, texts)) return false;
  target = std::move(texts.values);
  return true;
}

bool Fields::from_json(const Json& value, NumberOrAuto& target) {
  target.is_auto = value == "auto";
  return target.is_auto || from_json(value, target.number);
}

bool Fields::from_json(const Json& value, StringOrList& target) {
  if (value.is_string()) {
    target = {{value.get<std::string>()}, true};
    return true;
  }
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_string(); })) return false;
  target = {value.get<std::vector<std::string>>(), false};
  return true;
}

bool Fields::from_json(const Json& value, std::map<std::string, int64_t>& target) {
  if (!value.is_object()) return false;
  target.clear();
  for (const auto& [name, number] : value.items()) {
    if (!from_json(number, target[name])) return false;
  }
  return true;
}

bool Fields::from_json(const Json& value, std::map<std::string, double>& target) {
  if (!value.is_object()) return false;
  target.clear();
  for (const auto& [name, number] : value.items()) {
    if (!from_json(number, target[name])) return false;
  }
  return true;
}

Json Fields::to_json(double value) {
  const bool whole = std::floor(value) == value && std::fabs(value) < 1e15;
  return whole ? Json(static_cast<int64_t>(value)) : Json(value);
}

Json Fields::to_json(const StringOrList& value) { return value.single ? Json(value.values.at(0)) : Json(value.values); }

}  // namespace hyplora

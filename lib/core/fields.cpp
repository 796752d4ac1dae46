#include "core/fields.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text_distance.h"

namespace hyplora {
namespace {

/// A value as an error message shows it: short, on one line.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

bool numbers_hold(const Json& value, const std::function<bool(double)>& test) {
  if (value.is_null()) return true;
  if (value.is_number()) return test(value.get<double>());
  return std::all_of(value.begin(), value.end(), [&](const Json& v) { return test(v.get<double>()); });
}

}  // namespace

Rule one_of(std::vector<std::string> names) {
  std::string expected = "one of";
  for (size_t i = 0; i < names.size(); ++i) expected += (i ? ", " : " ") + names[i];
  return {[names = std::move(names)](const Json& v) {
            return std::find(names.begin(), names.end(), v.get<std::string>()) != names.end();
          },
          expected};
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

Rule not_empty() {
  return {[](const Json& v) { return !v.empty() && v != ""; }, "something that is not empty"};
}

Fields& Fields::add_field(Field field) {
  fields_.push_back(std::move(field));
  return *this;
}

Fields::Field& Fields::find(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (auto& field : fields_) {
    if (field.name == name) return field;
    known.push_back(field.name);
  }
  throw InputError("{}: unknown key \"{}\"; the nearest known key is \"{}\".", where, name, nearest_name(name, known));
}

void Fields::set(const std::string& name, const Json& value, const std::string& where) {
  Field& field = find(name, where);
  if (!field.set(value)) {
    throw InputError("{}: key \"{}\": found {} ({}), expected {}.", where, name, shown(value), value.type_name(), field.type);
  }
  if (field.rule.holds && !field.rule.holds(field.get())) {
    throw InputError("{}: key \"{}\": found {}, expected {}.", where, name, shown(value), field.rule.expected);
  }
  field.read = true;
}

void Fields::read_object(const Json& object, const std::string& where) {
  if (!object.is_object()) throw InputError("{}: found {}, expected a JSON object.", where, object.type_name());
  for (const auto& [name, value] : object.items()) set(name, value, where);
}

void Fields::read_assignment(const std::string& assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError("--set: found \"{}\", expected key=value.", assignment);
  }
  const std::string name = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  Json value = Json::parse(text, nullptr, false);
  const bool wants_text = find(name, "--set").type.find("string") == 0;
  if (value.is_discarded() || (wants_text && !value.is_string() && !value.is_array() && !value.is_null())) value = text;
  set(name, value, "--set");
}

void Fields::check_required(const std::string& where) const {
  for (const auto& field : fields_) {
    if (field.required && !field.read) throw InputError("{}: key \"{}\" is missing: {}.", where, field.name, field.help);
  }
}

Json Fields::values() const {
  Json all = Json::object();
  for (const auto& field : fields_) all[field.name] = field.get();
  return all;
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

// Another valid value for a field, whatever its type.
#pragma once

#include "core/fields.h"

namespace hyplora::test {

/// Null where there is no other: a single choice.
inline Json another_value(const Field& field) {
  const Json value = field.get();
  for (const auto& choice : field.rule.choices) {
    if (choice != value) return choice;
  }
  if (!field.rule.choices.empty()) return nullptr;
  if (value.is_boolean()) return !value.get<bool>();
  if (field.type == "integer") return value.get<int64_t>() + 1;
  if (field.type.starts_with("integer")) return 3;
  if (field.type == "number") return value.get<double>() / 2 + 0.25;
  if (field.type.starts_with("number")) return 0.125;
  if (field.type == "array of integers or null") return Json::array({0});
  if (field.type.starts_with("object")) return Json{{"q_proj", 3}};
  if (field.is_list()) return Json::array({"q_proj"});
  return value.is_string() ? value.get<std::string>() + "x" : "x";
}

}  // namespace hyplora::test

#include "text/component.h"

#include "core/error.h"

namespace hyplora {

std::string type_of(const Component& c) {
  if (!c.json.is_object() || !c.json.contains("type") || !c.json["type"].is_string()) {
    throw InputError("{}: expected an object with a \"type\".", c.where);
  }
  return c.json["type"];
}

void refuse_type(const Component& c, const std::string& known) {
  throw InputError("{}: type: found \"{}\", which is not implemented; expected one of {}.", c.where, type_of(c), known);
}

std::string text_at(const Component& c, const char* key, std::optional<std::string> otherwise) {
  if (!c.json.contains(key) && otherwise) return *otherwise;
  if (!c.json.contains(key) || !c.json[key].is_string()) throw InputError("{}: {}: expected a string.", c.where, key);
  return c.json[key];
}

bool flag_at(const Component& c, const char* key, bool otherwise) {
  if (!c.json.contains(key) || c.json[key].is_null()) return otherwise;
  if (!c.json[key].is_boolean())
    throw InputError("{}: {}: found {}, expected true or false.", c.where, key, shown(c.json[key]));
  return c.json[key];
}

int64_t count_at(const Component& c, const char* key) {
  if (!c.json.contains(key) || !c.json[key].is_number_unsigned()) throw InputError("{}: {}: expected a number.", c.where, key);
  return c.json[key];
}

std::vector<Component> elements_of(const Component& c, const char* key) {
  if (!c.json.contains(key) || !c.json[key].is_array()) throw InputError("{}: {}: expected an array.", c.where, key);
  std::vector<Component> all;
  for (size_t i = 0; i < c.json[key].size(); ++i)
    all.push_back({c.json[key][i], fmt::format("{}: {} {}", c.where, key, i + 1)});
  return all;
}

}  // namespace hyplora

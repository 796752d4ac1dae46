#include "data/row_source.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace hyplora {
namespace {

/// Digits that reading and writing a number leaves as they were, or nearly: beyond 15 they would be others.
bool keeps_its_digits(const Json& value) {
  return value.is_number_integer() || (value.is_number_float() && std::abs(value.get<double>()) < 1e15);
}

const Json& required(const Source& from, const char* key) {
  if (from.object.contains(key)) return from.object[key];
  throw InputError("{}: key \"{}\" is missing; a row has {}.", from.where, key, from.keys);
}

}  // namespace

bool Source::is_there(const char* key) const { return object.contains(key) && !object[key].is_null(); }

bool Source::has(const char* key) const { return is_there(key) && object[key] != ""; }

std::string Source::text(const char* key) const {
  const Json& found = required(*this, key);
  if (!found.is_string()) throw InputError("{}: key \"{}\": found {}, expected a string.", where, key, found.type_name());
  return found;
}

std::string Source::text_or_nothing(const char* key) const { return has(key) ? text(key) : std::string(); }

std::string Source::learnt(const char* key) const {
  const Json& found = required(*this, key);
  return keeps_its_digits(found) ? json_text(found) : text(key);
}

std::optional<std::string> Source::answer(const char* key) const {
  if (!is_there(key)) return std::nullopt;
  const Json& found = object[key];
  if (!found.is_primitive()) {
    throw InputError("{}: key \"{}\": found {}, expected a string or a number.", where, key, found.type_name());
  }
  return found.is_string() ? found.get<std::string>() : json_text(found);
}

Json Source::array(const char* key) const {
  Json found = unpacked(required(*this, key));
  if (!found.is_array() || found.empty()) {
    throw InputError("{}: key \"{}\": expected an array of at least one element.", where, key);
  }
  return found;
}

Ids Source::ids(const char* key) const {
  const auto is_id = [](const Json& v) { return v.is_number_integer(); };
  const Json found = unpacked(required(*this, key));
  if (!found.is_array() || found.empty() || !std::all_of(found.begin(), found.end(), is_id)) {
    throw InputError("{}: key \"{}\": expected an array of at least one integer.", where, key);
  }
  return found.get<Ids>();
}

Json unpacked(const Json& value) {
  if (!value.is_string()) return value;
  return try_json(value.get_ref<const std::string&>()).value_or(value);
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

}  // namespace hyplora

#include "data/row_wrappers.h"

#include <algorithm>

#include "core/error.h"
#include "data/row_schemas.h"

namespace hyplora {
namespace {

/// Beside rows under these keys stand arrays that are none, as the columns' types.
constexpr const char* names_of_rows[] = {"rows", "data"};

bool holds_rows(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_object(); });
}

/// A column as pandas and the Python package datasets write it: {"0": ...}, or an array of texts.
bool is_column(const Json& value) {
  if (value.is_object()) return !value.empty() && value.items().begin().key() == "0";
  return value.is_array() && !value.empty() && (value.front().is_string() || value.front().is_null());
}

std::string listed(const std::vector<std::string>& keys) {
  std::string names;
  for (const auto& key : keys) names += (names.empty() ? "" : ", ") + shown(key);
  return names;
}

}  // namespace

const Json* wrapped_rows(const Json& whole, const std::string& file) {
  if (!whole.is_object() || whole.empty()) return nullptr;
  if (is_row(whole)) {
    if (!std::all_of(whole.begin(), whole.end(), is_column)) return nullptr;
    throw InputError("{}: holds columns, expected rows; pandas writes rows with to_json(orient=\"records\").", file);
  }
  std::vector<std::string> found;
  const Json* rows = nullptr;
  for (const auto& [key, value] : whole.items()) {
    if (!holds_rows(value)) continue;
    found.push_back(key);
    rows = &value;
  }
  if (found.size() < 2) return rows;
  for (const char* name : names_of_rows) {
    if (std::find(found.begin(), found.end(), name) != found.end()) return &whole[name];
  }
  throw InputError(
      "{}: found rows under the keys {}, expected one of them; keep the rows that are meant in a file of their own.", file,
      listed(found));
}

}  // namespace hyplora

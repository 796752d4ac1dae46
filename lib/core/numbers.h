// JSON has no NaN and no infinity: null stands for them, in what is written and in what is read.
#pragma once

#include <cmath>
#include <optional>

#include "core/fields.h"

namespace hyplora {

inline Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
inline Json json_number(const std::optional<double>& value) { return value ? json_number(*value) : Json(nullptr); }

/// The finite number that `holder` has as `key`; nothing where there is none.
inline std::optional<double> number_in(const Json& holder, const char* key) {
  if (!holder.is_object() || !holder.contains(key) || !holder[key].is_number()) return std::nullopt;
  const double value = holder[key];
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace hyplora

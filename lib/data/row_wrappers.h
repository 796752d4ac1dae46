// Files whose rows stand under a key of one object: {"data": [...]}, {"rows": [{"row": {...}}]}, {"train": [...]}.
#pragma once

#include <string>

#include "core/json.h"

namespace hyplora {

/// The array of rows in a whole file's object, null where the object is a row itself. InputError: several arrays (splits, for
/// one), of which nothing says which one is meant; columns instead of rows.
const Json* wrapped_rows(const Json& whole, const std::string& file);

}  // namespace hyplora

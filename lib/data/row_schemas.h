// The forms in which public data sets publish their rows, one table row each; `read_row` turns an object of any of them into
// the instruction, input, output and answer that training and scoring work with.
#pragma once

#include <string>
#include <vector>

#include "data/rows.h"

namespace hyplora {

/// tokenised, alpaca, chat, sharegpt, ...: the table's names, in the order in which they are tried.
std::vector<std::string> row_schema_names();

/// Whether it has the keys of a schema.
bool is_row(const Json& object);

/// `schema` is a name of the table, or "auto": the first that the object's keys fit. A text that holds such an object, and an
/// object under the key "row", are read as that object. InputError begins with `where`.
Row read_row(const Json& object, const std::string& schema, const std::string& where);

}  // namespace hyplora

// The forms in which public data sets publish their rows, one table row each; `read_row` turns an object of any of them into
// the instruction, input, output and answer that training and scoring work with.
#pragma once

#include <string>
#include <vector>

#include "data/rows.h"

namespace hyplora {

/// tokenised, alpaca, chat, csqa, aqua, gsm8k, math: the table's names, in the order in which they are tried.
std::vector<std::string> row_schema_names();

/// `schema` is a name of the table, or "auto": the first that the object's keys fit. InputError begins with `where`.
Row read_row(const Json& object, const std::string& schema, const std::string& where);

}  // namespace hyplora

// report.html: one page that shows the results of an evaluation at a glance. It needs no other file.
#pragma once

#include <string>
#include <vector>

#include "core/fields.h"

namespace hyplora {

/// An HTML page of the entries of results.json: bars of accuracy with their standard errors, by benchmark and adapter;
/// losses; every figure and setting in a table.
std::string evaluation_report(const std::vector<Json>& results);

}  // namespace hyplora

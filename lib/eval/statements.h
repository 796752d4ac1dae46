// Where a text states its answer.
#pragma once

#include <string>
#include <vector>

namespace hyplora {

/// What follows each "answer is", "Answer:", "<answer>" and the like, to the end of the line (of the next one that is not empty,
/// where the line ends there) or the next such mark; the last one first. Of "not A but B" it is B; "not A" states nothing.
std::vector<std::string> statements(const std::string& plain);

/// What follows each "####" where a number stands there, which is how data sets close a solution, not a
/// heading like "#### Step 1" or the n-th one that is numbered n; the last one first.
std::vector<std::string> closing_lines(const std::string& plain);

}  // namespace hyplora

// Verdicts on completions that were made elsewhere.
#pragma once

#include <vector>

#include "core/json.h"
#include "io/files.h"

namespace hyplora {

/// Of each line {"benchmark", "answer", "output"} of the file: {"pred", "correct", "pred_strict", "correct_strict"}, by the paper's
/// reading and by the strict one; a pred is null where nothing was read. Other keys are left alone, as are empty lines.
/// InputError, with file and line, where a line cannot be judged.
std::vector<Json> scored_lines(const fs::path& file);

}  // namespace hyplora

// A .safetensors file of tokenised rows.
#pragma once

#include "data/rows.h"

namespace hyplora {

/// Appends the rows of input_ids [N, T], labels [N, T] (else the ids) and attention_mask [N, T] (else all ones), without their
/// padding. InputError: a tensor that is missing, of another type or shape, a row without tokens.
void read_tokenised_file(const std::string& path, std::vector<Row>& rows);

}  // namespace hyplora

// Rare and frequent tokens of given rows, by how often their id occurs in these rows.
#pragma once

#include <ATen/core/Tensor.h>

#include "data/examples.h"

namespace hyplora {

/// Which of the rows' T tokens, in the order of the rows; bool [T].
struct FrequencyClasses {
  at::Tensor rare, frequent;
};

/// The quarter of the tokens whose ids occur least often, and the quarter whose occur most often; equal counts stay together, so that where
/// all are equal there is neither. A row's first token belongs to none: it lies far from all others, whatever it is.
FrequencyClasses by_frequency(const std::vector<Example>& rows);

}  // namespace hyplora

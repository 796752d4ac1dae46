// What rows to train on are, as a whole: by which schemas they were read, and how many have nothing to learn.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/rows.h"

namespace hyplora {

struct RowSurvey {
  std::map<std::string, int64_t> schemas;  // name -> rows
  int64_t empty_outputs = 0;
  std::string first_empty;  // where

  void add(const RowSurvey& other);
};

/// InputError: a row whose schema has an output, but which itself has none; rows of which no output says anything.
RowSurvey survey_to_train(const std::vector<Row>& rows);

}  // namespace hyplora

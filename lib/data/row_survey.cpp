#include "data/row_survey.h"

#include "core/error.h"

namespace hyplora {

void RowSurvey::add(const RowSurvey& other) {
  for (const auto& [name, count] : other.schemas) schemas[name] += count;
  empty_outputs += other.empty_outputs;
  if (first_empty.empty()) first_empty = other.first_empty;
}

RowSurvey survey_to_train(const std::vector<Row>& rows) {
  RowSurvey survey;
  for (const Row& row : rows) {
    ++survey.schemas[row.schema];
    if (!row.has_output) throw InputError("{}: its answer is missing or null, so that there is nothing to learn.", row.where);
    if (row.tokenised() || row.output.find_first_not_of(" \t\r\n") != std::string::npos) continue;
    if (survey.empty_outputs++ == 0) survey.first_empty = row.where;
  }
  if (!rows.empty() && survey.empty_outputs == static_cast<int64_t>(rows.size())) {
    throw InputError("{}: its output is empty, as are those of all {} rows, so that there is nothing to learn.",
                     survey.first_empty, rows.size());
  }
  return survey;
}

}  // namespace hyplora

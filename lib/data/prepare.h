// A data set made ready to train on: rows of any schema read, checked, freed of duplicates and of rows that hold questions of
// test sets, and a report of what was left out and why.
#pragma once

#include <string>
#include <vector>

#include "core/fields.h"
#include "data/contamination.h"
#include "data/rows.h"

namespace hyplora {

struct PrepareOptions {
  std::string schema = "auto";  // of the files; a name of row_schema_names() or auto
  bool strict = false;          // the first row that cannot be used is an InputError
  ContaminationOptions contamination;
  size_t examples = 3;  // in the report, for each reason
};

/// Why a row is left out, in the order in which it is tried.
///   unreadable      not an object of a known schema, a key of the wrong type
///   broken_text     it holds U+FFFD, what broken UTF-8 was or becomes
///   empty           no instruction and input, or no output
///   duplicate       all of it stood before
///   near_duplicate  the same but for case, white space and punctuation (data/words.h)
///   test_question   its question is a test set's
///   test_overlap    it holds a run of words of a test set's question (data/contamination.h)
struct PreparedRows {
  std::vector<Row> rows;
  Json report;
};

/// `tests`: files and folders of test sets. Their rows must all be readable.
PreparedRows prepare_rows(const std::vector<std::string>& files, const std::vector<std::string>& tests,
                          const PrepareOptions& options);

/// A JSON array, or one object per line: instruction, input, output, and answer where the row has one; messages where it is a
/// conversation of several turns; text.
std::string rows_text(const std::vector<Row>& rows, bool lines);

}  // namespace hyplora

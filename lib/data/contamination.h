// Rows of a training set that hold a question of a test set.
//
// Equal questions: instruction and input have the same compared_words.
// Shared n-grams, after GPT-3 (Brown et al. 2020, arXiv 2005.14165, appendix C): a run of n words of a test question stands in
// a training row. As there, n is 13, or the question's length where that is from 8 to 12, and a run that stands in more than 10
// rows is nobody's in particular. Sets of questions share a frame ("Please choose the correct answer to the question: ...
// Answer format:
// ..."), which would make runs out of frame and a few words: opening and closing words that more than 10 different questions
// share are left out of the test question's runs. What is left and shorter than 8 words is compared by equal questions alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/rows.h"

namespace hyplora {

struct ContaminationOptions {
  int64_t ngram = 13;   // words of a run; 0: equal questions only
  double overlap = 0;   // share of a question's runs that a row must hold; 0: one is enough
  int64_t common = 10;  // runs and frames in more different questions than this do not count
};

struct Contamination {
  size_t test_row;     // index into the test rows: the one of which the largest share was found
  std::string shared;  // the first run that both hold; empty: the questions are equal
  double share = 1;    // of the test question's runs
};

/// For each training row the test question that it holds, if any. Rows are text, not tokens, and valid UTF-8.
std::vector<std::optional<Contamination>> find_contamination(const std::vector<Row>& training, const std::vector<Row>& tests,
                                                             const ContaminationOptions& options);

}  // namespace hyplora

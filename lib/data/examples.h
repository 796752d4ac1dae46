// Rows -> token ids and labels, as the paper's training does it: prompt and output are one text, BOS as the tokenizer adds it,
// cut at cutoff_len (as are rows that came tokenised); what the tokenizer puts behind a text and EOS are appended where they fit.
// With train_on_inputs the labels are the ids, else the prompt's labels are -100 (the prompt's length is that of the prompt tokenised
// alone, with nothing behind it).
#pragma once

#include <functional>

#include "data/prompt.h"
#include "data/rows.h"

namespace hyplora {

constexpr int64_t no_loss = -100;  // the label of a token that carries no loss

struct Example {
  Ids ids, labels;  // equally long
  bool truncated = false;
  std::string where;

  /// Labels that are predicted: all but the first token's, and not no_loss.
  int64_t supervised() const;
};

struct ExampleOptions {
  PromptTemplate prompt;
  int64_t cutoff_len = 256;
  std::string over_length = "truncate";  // truncate, drop or error
  bool train_on_inputs = true;
  std::function<void()> poll = {};  // called before each row, from several threads; throws to end the work
};

struct ExampleSet {
  std::vector<Example> examples;
  int64_t truncated = 0, dropped = 0;

  int64_t tokens() const;
  int64_t supervised() const;
};

/// InputError with `where`: an id outside [0, vocab_size), as tokens have that were added without an embedding.
void require_ids(const Ids& ids, int64_t vocab_size, const std::string& where);

/// `tokenizer` may be null when every row came tokenised. InputError: a row without a supervised label, a row over the limit with
/// over_length "error", an id outside [0, vocab_size), no row left.
ExampleSet make_examples(const std::vector<Row>& rows, const Tokenizer* tokenizer, const ExampleOptions& options,
                         int64_t vocab_size);

}  // namespace hyplora

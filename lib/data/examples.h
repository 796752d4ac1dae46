// Rows -> token ids and labels, as the paper's training does it: prompt and output are one text, BOS as the tokenizer adds it,
// cut at cutoff_len (as are rows that came tokenised); what the tokenizer puts behind a text and EOS are appended where they fit.
// With train_on_inputs the labels are the ids, else the prompt's labels are -100 (the prompt's length is that of the prompt tokenised
// alone, with nothing behind it).
//
// With a chat template the row is a conversation, tokenised as the template renders it. Loss stands on the turns that chat_loss
// says: from the first token that the text before a turn does not have, to the last that the text up to its end has. EOS is
// appended where the template has no token that ends a turn.
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
  std::string chat_loss = "assistant";  // chat templates, instead of train_on_inputs: a name of chat_losses()
  std::function<void()> poll = {};      // called before each row, from several threads; throws to end the work
};

struct ExampleSet {
  std::vector<Example> examples;
  int64_t truncated = 0, dropped = 0;

  int64_t tokens() const;
  int64_t supervised() const;
};

/// InputError with `where`: an id outside [0, vocab_size), as tokens have that were added without an embedding.
void require_ids(const Ids& ids, int64_t vocab_size, const std::string& where);

/// How rows are read for a template: a bare one takes texts as they stand, a chat template whole conversations.
RowReading reading_for(const PromptTemplate& prompt, bool fold_turns);
/// What stands before a row's output, behind worked examples. InputError with the row: a chat template refuses it.
PromptText row_prompt(const PromptTemplate& prompt, const std::vector<Turn>& shots, const Row& row);

/// `tokenizer` may be null when every row came tokenised. InputError: a row without a supervised label, a row over the limit with
/// over_length "error", an id outside [0, vocab_size), no row left.
ExampleSet make_examples(const std::vector<Row>& rows, const Tokenizer* tokenizer, const ExampleOptions& options,
                         int64_t vocab_size);

}  // namespace hyplora

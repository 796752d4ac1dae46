// Rows of data files, before tokenisation. A file is a JSON array, JSONL, CSV or TSV of any schema of row_schemas.cpp
// (instruction, input, output and answer; prompts and completions; conversations; already tokenised; benchmarks as their
// publishers write them), any of them packed by gzip, or a .safetensors file with input_ids [N, T] and optionally labels and
// attention_mask [N, T].
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/files.h"
#include "text/tokenizer.h"

namespace hyplora {

struct Row {
  std::string instruction, input, output;
  std::optional<std::string> answer;
  bool has_output = true;  // false: the row's schema has one, but this row does not; it can only be scored
  bool is_text = false;    // the output is text to learn as it stands, without a template
  Ids input_ids, labels;   // labels: -100 = no loss; both empty unless the row came tokenised
  /// Of a row that is a conversation, else null: {"messages": [{"role", "content", ...}], "tools": [...]} as chat templates take
  /// it, roles system, user, assistant and tool; "tools" only where there are any. Instruction and output are it folded into one
  /// turn (data/conversation.h).
  Json conversation;
  std::vector<size_t>
      without_loss;   // those of its messages, counted from 0, that are the assistant's and carry no loss; ascending
  size_t turns = 0;   // its messages that are not the system's
  std::string where;  // "file: row 3", rows counted from 1
  const char* schema = "tokenised";  // by which it was read

  bool tokenised() const { return !input_ids.empty(); }
};

/// What becomes of conversations of more than one turn of the user and one of the assistant, or with tools.
enum class LongConversations {
  refused,
  folded,  // into one instruction; those with tools are refused
  kept,    // for a template that renders conversations
};

struct RowReading {
  std::string schema = "auto";  // or a name of row_schema_names()
  /// Takes the sentence about a row that cannot be read, which is then left out (broken UTF-8 becomes U+FFFD); without it the
  /// first such row is an InputError.
  std::function<void(const std::string& sentence)> refused = {};
  LongConversations conversations = LongConversations::refused;
  bool takes_text = false;  // rows of text to learn as it stands, which no template can render
};

/// All rows of the files, in order. InputError names file and row.
std::vector<Row> read_rows(const std::vector<std::string>& files, const RowReading& how = {});

}  // namespace hyplora

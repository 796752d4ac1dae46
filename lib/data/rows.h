// Rows of a data file, before tokenisation. A file is a JSON array or JSONL of objects of any schema of row_schemas.cpp
// (instruction, input, output and answer; chats; already tokenised; GSM8K, AQuA, MATH and CommonsenseQA as their publishers
// write them), or a .safetensors file with input_ids [N, T] and optionally labels and attention_mask [N, T].
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
  Ids input_ids, labels;  // labels: -100 = no loss; both empty unless the row came tokenised
  std::string where;      // "file: row 3", rows counted from 1

  bool tokenised() const { return !input_ids.empty(); }
};

struct RowReading {
  std::string schema = "auto";  // or a name of row_schema_names()
  /// Takes the sentence about a row that cannot be read, which is then left out (broken UTF-8 becomes U+FFFD); without it the
  /// first such row is an InputError.
  std::function<void(const std::string& sentence)> refused;
};

/// All rows of the files, in order. InputError names file and row.
std::vector<Row> read_rows(const std::vector<std::string>& files, const RowReading& how = {});

}  // namespace hyplora

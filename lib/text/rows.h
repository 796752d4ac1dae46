// Rows of a data file, before tokenisation. A file is a JSON array or JSONL of objects with instruction, input (may be absent),
// output and answer (kept for scoring), or with input_ids (and labels), or as the publishers of MATH and CommonsenseQA write
// theirs; or a .safetensors file with input_ids [N, T] and optionally labels and attention_mask [N, T].
#pragma once

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

/// All rows of the files, in order. InputError names file and row.
std::vector<Row> read_rows(const std::vector<std::string>& files);

}  // namespace hyplora

// One object of a data file, its keys read with errors that name them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "text/tokenizer.h"

namespace hyplora {

/// `where` begins every InputError ("file: row 3"), `keys` says what a row of the schema has, `marks` are the keys by which the
/// schema was recognised. Text that holds JSON stands for what it holds where an array is asked for: so columns of CSV files
/// and of many exports carry it.
struct Source {
  const Json& object;
  const std::string& where;
  const char* keys;
  const std::vector<const char*>& marks;

  /// Not missing and not null.
  bool is_there(const char* key) const;
  /// That, and no empty text.
  bool has(const char* key) const;
  /// InputError: missing, or no string.
  std::string text(const char* key) const;
  /// Empty where the key is missing or null.
  std::string text_or_nothing(const char* key) const;
  /// What is to be learnt: a number is its digits. InputError: missing, null, or something else.
  std::string learnt(const char* key) const;
  /// What scoring compares with. InputError: neither text nor number nor boolean.
  std::optional<std::string> answer(const char* key = "answer") const;
  /// InputError: missing, no array, or empty.
  Json array(const char* key) const;
  /// The same of integers.
  Ids ids(const char* key) const;
};

/// What a text holds where it is JSON, else the value itself.
Json unpacked(const Json& value);

std::string trimmed(const std::string& text);

}  // namespace hyplora

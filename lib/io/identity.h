// What makes a run the one that it is, so that it may only go on with the same: the values of the options that change its result,
// and SHA-256 of every file that does. Where files lie and what else is set may change.
#pragma once

#include <optional>

#include "core/fields.h"
#include "io/files.h"

namespace hyplora {

struct Identity {
  Json values = Json::object();
  Json files = Json::object();  // name -> {"file": path, "hash": SHA-256}, or the hash alone

  /// A file by its bytes, under this name; nothing where it is not there.
  void add_file(const std::string& name, const fs::path& file);
};

/// What the options say: counting values, and of each named file the bytes. A name that is no file's (of something built in)
/// counts as a value. What counts of a named folder is for the caller to add.
Identity identity_of(const Fields& fields);

struct Difference {
  std::string name;      // a value's name, or a file's, with [0] behind it a list's; "/" between the levels of an object
  Json before, now;      // null: it was, or is, not there
  bool is_file = false;  // before and now are hashes
  std::string file;      // its path now, where that is known

  /// The name in a sentence: the file of a list by its place, counted from 1.
  std::string told_name() const;
  /// "lora_r was 8, now it is 4".
  std::string text() const;
};
/// In the order of `before`, then what only `now` has; values first. Empty: the same run. Takes time linear in both.
std::vector<Difference> differences(const Identity& before, const Identity& now);

}  // namespace hyplora

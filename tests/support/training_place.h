// A folder with a small model, rows and configs of many short steps, where training runs are launched, hit and compared.
#pragma once

#include "adapter/adapter.h"
#include "support/launch.h"

namespace hyplora::test {

constexpr double patience = 60;  // seconds that a busy machine may take for what takes one

class TrainingPlace {
 public:
  TrainingPlace();

  /// Tokenised rows of `length` to `length` + 6 ids into rows.jsonl.
  void write_rows(int count, int length) const;
  /// Rows of text into text.jsonl, and a tokenizer.json for them into base/.
  void write_text(int count) const;

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// The arguments of a run into the folder `out`.
  std::vector<std::string> arguments(const std::string& out, const Json& changes = Json::object(),
                                     const std::vector<std::string>& more = {}) const;
  /// Exit status of a run from launch to end.
  int run(const std::string& out, const Json& changes = Json::object(), const LaunchOptions& options = {}) const;

  std::vector<Json> metrics(const std::string& out) const;
  /// How often training has begun there: preparation done, checkpoint restored.
  size_t launches(const std::string& out) const;

  /// Both runs ended with the same weights and the same metrics (but for times and memory), and nothing is half-written.
  void check_same(const std::string& whole, const std::string& parts) const;
  /// Both hold this checkpoint, complete and with the same values.
  void check_same_checkpoint(const std::string& whole, const std::string& parts, int64_t step) const;

 private:
  TempFolder folder_;
};

/// The environment that has the program hit as tests/faults/faults.cpp says.
LaunchOptions fault(const std::string& text);

void check_one_sentence(const std::string& errors, const std::string& part);

}  // namespace hyplora::test

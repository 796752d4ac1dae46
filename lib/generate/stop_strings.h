// Stop strings: a completion ends before the first of them that its text contains.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace hyplora {

/// `text` up to the earliest stop string in it.
std::string before_stop(const std::string& text, const std::vector<std::string>& stops);

/// A completion's text as it grows, without ever giving out a part of a stop string.
class StoppedText {
 public:
  StoppedText(const Tokenizer& tokenizer, const std::vector<std::string>& stops) : stream_(tokenizer), stops_(&stops) {}

  /// Tokens before the completion: they give its first ones their context.
  void follow(const Ids& prompt);
  /// The text that is certain to stay now that `id` has come.
  std::string next(int64_t id);
  /// The text has reached a stop string; nothing comes any more.
  bool stopped() const { return stopped_; }
  /// The text that was held back, once no more tokens come.
  std::string rest();

 private:
  std::string take(const std::string& fresh, bool last);

  TextStream stream_;
  const std::vector<std::string>* stops_;
  std::string held_;  // may be the beginning of a stop string
  bool stopped_ = false;
};

/// Watches the growing texts of several prompts.
class StopWatch {
 public:
  StopWatch(const Tokenizer& tokenizer, const std::vector<std::string>& stops) : tokenizer_(tokenizer), stops_(stops) {}

  /// To be called after each new token: whether the text of what was made contains a stop string.
  bool sees(size_t prompt, const Ids& made);
  void forget(size_t prompt) { texts_.erase(prompt); }

 private:
  const Tokenizer& tokenizer_;
  const std::vector<std::string>& stops_;
  std::map<size_t, StoppedText> texts_;
};

}  // namespace hyplora

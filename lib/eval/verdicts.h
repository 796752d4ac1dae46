// How answers are read and judged: one row for each kind of answer.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace hyplora {

struct Judgement {
  std::string pred;  // what was read out of the completion; empty: nothing
  bool correct = false;
};

/// `words` is always the benchmark's alternatives, separated by "|".
struct VerdictKind {
  using Judge = Judgement (*)(const char* words, const std::string& gold, const std::string& completion);

  const char* name;
  /// How this kind reads and judges; raised whenever a verdict may come out otherwise than before. results.json records it.
  int version;
  const char* gold;  // what a gold answer is, for an error; {} stands for the words
  bool (*is_gold)(const char* words, const std::string& answer);
  Judge judge, judge_strictly;
  /// Answers that are chosen from words: how a row's text offers one of them (an expression), and how the training data states
  /// the chosen one.
  const char* offered = nullptr;
  const char* stated = nullptr;

  /// As results.json and a run's identity have it.
  Json description() const { return {{"kind", name}, {"version", version}}; }
  /// Nothing is judged: the loss of the rows is measured.
  bool measures_loss() const { return judge == nullptr; }
};

extern const VerdictKind number_verdict, letter_verdict, word_verdict, latex_verdict, loss_verdict;

std::string lowered(std::string text);  // ASCII
/// "true|false" -> true, false.
std::vector<std::string> split_words(const std::string& words);
/// Those of `words` that the text offers.
std::vector<std::string> offered_words(const VerdictKind& kind, const char* words, const std::string& text);

}  // namespace hyplora

// The benchmarks: one row each says which files it takes and how a completion is judged.
#pragma once

#include <string>
#include <vector>

#include "data/rows.h"
#include "eval/verdicts.h"

namespace hyplora {

struct Task {
  const char* name;
  const VerdictKind* verdict;
  const char* words = "";  // the alternatives of answers that are chosen: a|b|c

  bool measures_loss() const { return verdict->measures_loss(); }
};

std::vector<std::string> task_names();

/// By name in any case, "-" for "_"; InputError with the known names and the nearest otherwise, which says where the name stood.
const Task& find_task(const std::string& name, const std::string& where = "--benchmark");
/// By a data file's name without folder and ending ("AddSub.json" is addsub, "ARC-Easy.json" arc_easy); InputError otherwise.
const Task& task_of_file(const fs::path& file);

/// InputError when the gold answer of the row cannot be read.
void check_gold(const Task& task, const Row& row);
/// The verdict as the paper's scripts read and compare.
Judgement judge(const Task& task, const Row& row, const std::string& completion);
/// What the completion states as its answer: see stated_number and its like. For words: the one alternative that occurs, and
/// only it.
Judgement judge_strictly(const Task& task, const Row& row, const std::string& completion);

/// What a multiple-choice row lets one choose from: those of the task's words or letters that its text offers.
/// InputError: a task whose answers are not chosen.
std::vector<std::string> alternatives_of(const Task& task, const Row& row);
/// An alternative as the training data states it: "the correct answer is answer2", "The answer is (B)".
std::string stated(const Task& task, const std::string& alternative);

}  // namespace hyplora

// The benchmarks: one row each says which files it takes and how a completion is judged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/rows.h"

namespace hyplora {

enum class Verdict { number, loss };

struct Task {
  const char* name;
  Verdict verdict;
};

std::vector<std::string> task_names();

/// By name; InputError with the known names otherwise.
const Task& find_task(const std::string& name);
/// By a data file's name without folder and ending, in any case ("AddSub.json" is addsub); InputError otherwise.
const Task& task_of_file(const fs::path& file);

struct Judgement {
  std::string pred;  // what was read out of the completion; empty: nothing
  bool correct = false;
};

/// The gold answer of a row is read. InputError when it cannot be.
void check_gold(const Task& task, const Row& row);
Judgement judge(const Task& task, const Row& row, const std::string& completion);

}  // namespace hyplora

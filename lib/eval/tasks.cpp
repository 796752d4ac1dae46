#include "eval/tasks.h"

#include <algorithm>

#include "core/error.h"
#include "eval/answers.h"

namespace hyplora {
namespace {

constexpr Task tasks[] = {
    {"gsm8k", Verdict::number},    {"svamp", Verdict::number},    {"mawps", Verdict::number},
    {"multiarith", Verdict::number}, {"addsub", Verdict::number}, {"singleeq", Verdict::number},
    {"word_problems", Verdict::number},  // the bundled data
    {"loss", Verdict::loss},
};

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

const Task* lookup(const std::string& name) {
  const auto row = std::find_if(std::begin(tasks), std::end(tasks), [&](const Task& t) { return name == t.name; });
  return row == std::end(tasks) ? nullptr : row;
}

double gold_number(const Row& row) {
  const auto gold = row.answer ? last_number(*row.answer) : std::nullopt;
  if (!gold) {
    throw InputError("{}: key \"answer\": found {}, expected a number to score against.", row.where,
                     row.answer ? "\"" + *row.answer + "\"" : "nothing");
  }
  return *gold;
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& task : tasks) names.emplace_back(task.name);
  return names;
}

const Task& find_task(const std::string& name) {
  const Task* task = lookup(lowered(name));
  if (task == nullptr) throw InputError("--benchmark: found \"{}\", expected one of {}.", name, fmt::join(task_names(), ", "));
  return *task;
}

const Task& task_of_file(const fs::path& file) {
  const Task* task = lookup(lowered(file.stem().string()));
  if (task == nullptr) {
    throw InputError("{}: its name is no benchmark's; say which with --benchmark ({}).", file.string(), fmt::join(task_names(), ", "));
  }
  return *task;
}

void check_gold(const Task& task, const Row& row) {
  if (task.verdict == Verdict::number) gold_number(row);
}

Judgement judge(const Task& task, const Row& row, const std::string& completion) {
  if (task.verdict != Verdict::number) return {};
  const auto found = last_number(completion);
  return {found ? fmt::format("{}", *found) : "", found && same_number(gold_number(row), *found)};
}

}  // namespace hyplora

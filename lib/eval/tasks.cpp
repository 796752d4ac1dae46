#include "eval/tasks.h"

#include <algorithm>

#include "core/error.h"
#include "core/text_distance.h"

namespace hyplora {
namespace {

constexpr const char* five_letters = "A|B|C|D|E";
constexpr const char* five_answers = "answer1|answer2|answer3|answer4|answer5";

constexpr Task tasks[] = {
    {"gsm8k", &number_verdict},
    {"svamp", &number_verdict},
    {"mawps", &number_verdict},
    {"multiarith", &number_verdict},
    {"addsub", &number_verdict},
    {"singleeq", &number_verdict},
    {"word_problems", &number_verdict},  // the bundled data
    {"aqua", &letter_verdict, five_letters},
    {"mathqa", &letter_verdict, five_letters},
    {"math500", &latex_verdict},
    {"csqa", &word_verdict, five_answers},
    {"boolq", &word_verdict, "true|false"},
    {"piqa", &word_verdict, "solution1|solution2"},
    {"social_i_qa", &word_verdict, five_answers},
    {"hellaswag", &word_verdict, "ending1|ending2|ending3|ending4"},
    {"winogrande", &word_verdict, "option1|option2"},
    {"arc_easy", &word_verdict, five_answers},
    {"arc_challenge", &word_verdict, five_answers},
    {"openbookqa", &word_verdict, five_answers},
    {"loss", &loss_verdict},
};

const Task* lookup(std::string name) {
  name = lowered(name);
  std::replace(name.begin(), name.end(), '-', '_');
  const auto row = std::find_if(std::begin(tasks), std::end(tasks), [&](const Task& t) { return name == t.name; });
  return row == std::end(tasks) ? nullptr : row;
}

Judgement judged(const Task& task, const Row& row, const std::string& completion, VerdictKind::Judge judge) {
  if (task.measures_loss()) return {};
  check_gold(task, row);
  return judge(task.words, *row.answer, completion);
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& task : tasks) names.emplace_back(task.name);
  return names;
}

const Task& find_task(const std::string& name, const std::string& where) {
  const Task* task = lookup(name);
  if (task == nullptr) {
    throw InputError("{}: found \"{}\", expected one of {}; the nearest is \"{}\".", where, name, fmt::join(task_names(), ", "),
                     nearest_name(lowered(name), task_names()));
  }
  return *task;
}

const Task& task_of_file(const fs::path& file) {
  const std::string name = (file.extension() == ".gz" ? file.stem() : file).stem();
  const Task* task = lookup(name);
  if (task == nullptr) {
    throw InputError("{}: its name is no benchmark's; say which with --benchmark ({}; the nearest is {}).", file.string(),
                     fmt::join(task_names(), ", "), nearest_name(lowered(name), task_names()));
  }
  return *task;
}

void check_gold(const Task& task, const Row& row) {
  const VerdictKind& kind = *task.verdict;
  if (kind.measures_loss() || (row.answer && kind.is_gold(task.words, *row.answer))) return;
  throw InputError("{}: key \"answer\": found {}, expected {} to score against.", row.where,
                   row.answer ? "\"" + *row.answer + "\"" : "nothing", fmt::format(fmt::runtime(kind.gold), task.words));
}

Judgement judge(const Task& task, const Row& row, const std::string& completion) {
  return judged(task, row, completion, task.verdict->judge);
}

Judgement judge_strictly(const Task& task, const Row& row, const std::string& completion) {
  return judged(task, row, completion, task.verdict->judge_strictly);
}

std::vector<std::string> alternatives_of(const Task& task, const Row& row) {
  if (task.verdict->stated == nullptr) {
    throw InputError("{}: likelihood scoring needs alternatives to choose from; score this benchmark by its completions.",
                     task.name);
  }
  check_gold(task, row);
  const auto offered = offered_words(*task.verdict, task.words, row.instruction + "\n" + row.input);
  const bool holds_gold = std::find(offered.begin(), offered.end(), *row.answer) != offered.end();
  return offered.size() > 1 && holds_gold ? offered : split_words(task.words);
}

std::string stated(const Task& task, const std::string& alternative) {
  return fmt::format(fmt::runtime(task.verdict->stated), alternative);
}

}  // namespace hyplora

#include "eval/tasks.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/text_distance.h"
#include "eval/answers.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

constexpr const char* five_answers = "answer1|answer2|answer3|answer4|answer5";

constexpr Task tasks[] = {
    {"gsm8k", Verdict::number},
    {"svamp", Verdict::number},
    {"mawps", Verdict::number},
    {"multiarith", Verdict::number},
    {"addsub", Verdict::number},
    {"singleeq", Verdict::number},
    {"word_problems", Verdict::number},  // the bundled data
    {"aqua", Verdict::letter},
    {"mathqa", Verdict::letter},
    {"math500", Verdict::latex},
    {"csqa", Verdict::word, five_answers},
    {"boolq", Verdict::word, "true|false"},
    {"piqa", Verdict::word, "solution1|solution2"},
    {"social_i_qa", Verdict::word, five_answers},
    {"hellaswag", Verdict::word, "ending1|ending2|ending3|ending4"},
    {"winogrande", Verdict::word, "option1|option2"},
    {"arc_easy", Verdict::word, five_answers},
    {"arc_challenge", Verdict::word, five_answers},
    {"openbookqa", Verdict::word, five_answers},
    {"loss", Verdict::loss},
};

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

const Task* lookup(std::string name) {
  name = lowered(name);
  std::replace(name.begin(), name.end(), '-', '_');
  const auto row = std::find_if(std::begin(tasks), std::end(tasks), [&](const Task& t) { return name == t.name; });
  return row == std::end(tasks) ? nullptr : row;
}

[[noreturn]] void no_gold(const Row& row, const std::string& expected) {
  throw InputError("{}: key \"answer\": found {}, expected {} to score against.", row.where,
                   row.answer ? "\"" + *row.answer + "\"" : "nothing", expected);
}

double gold_number(const Row& row) {
  const auto gold = row.answer ? last_number(*row.answer) : std::nullopt;
  if (!gold) no_gold(row, "a number");
  return *gold;
}

const std::string& gold_text(const Task& task, const Row& row) {
  const bool is_letter = row.answer && row.answer->size() == 1 && (*row.answer)[0] >= 'A' && (*row.answer)[0] <= 'E';
  if (task.verdict == Verdict::letter && !is_letter) no_gold(row, "a letter A to E");
  if (task.verdict == Verdict::latex && (!row.answer || row.answer->empty())) no_gold(row, "an expression");
  if (task.verdict == Verdict::word &&
      !(row.answer && Pattern(fmt::format("^(?:{})$", task.words), task.name).first(*row.answer))) {
    no_gold(row, fmt::format("one of {}", task.words));
  }
  return *row.answer;
}

Judgement number_verdict(const Row& row, const std::optional<double>& found) {
  return {found ? fmt::format("{}", *found) : "", found && same_number(gold_number(row), *found)};
}

Judgement text_verdict(const std::string& gold, const std::optional<std::string>& found) {
  return {found.value_or(""), found == gold};
}

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find('|', begin), names.size());
    parts.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// The one alternative that occurs.
std::optional<std::string> only_word(const Task& task, const std::string& completion) {
  const std::string text = lowered(completion);
  std::set<std::string> found;
  const Pattern words(fmt::format("\\b(?:{})\\b", task.words), task.name);
  for (auto match = words.find(text, 0); match; match = words.find(text, match->end))
    found.insert(text.substr(match->begin, match->end - match->begin));
  return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& task : tasks) names.emplace_back(task.name);
  return names;
}

const Task& find_task(const std::string& name) {
  const Task* task = lookup(name);
  if (task == nullptr) {
    throw InputError("--benchmark: found \"{}\", expected one of {}; the nearest is \"{}\".", name,
                     fmt::join(task_names(), ", "), nearest_name(lowered(name), task_names()));
  }
  return *task;
}

const Task& task_of_file(const fs::path& file) {
  const Task* task = lookup(file.stem().string());
  if (task == nullptr) {
    throw InputError("{}: its name is no benchmark's; say which with --benchmark ({}; the nearest is {}).", file.string(),
                     fmt::join(task_names(), ", "), nearest_name(lowered(file.stem().string()), task_names()));
  }
  return *task;
}

void check_gold(const Task& task, const Row& row) {
  if (task.verdict == Verdict::number) {
    gold_number(row);
  } else if (task.verdict != Verdict::loss) {
    gold_text(task, row);
  }
}

Judgement judge(const Task& task, const Row& row, const std::string& completion) {
  switch (task.verdict) {
    case Verdict::number:
      return number_verdict(row, last_number(completion));
    case Verdict::letter:
      return text_verdict(gold_text(task, row), chosen_letter(completion));
    case Verdict::word:
      return text_verdict(gold_text(task, row), Pattern(task.words, task.name).first(lowered(completion)));
    case Verdict::latex: {
      const auto found = latex_answer(completion);
      return {found.value_or(""), found && normal_latex(*found) == normal_latex(gold_text(task, row))};
    }
    case Verdict::loss:
      break;
  }
  return {};
}

Judgement judge_strictly(const Task& task, const Row& row, const std::string& completion) {
  switch (task.verdict) {
    case Verdict::number:
      return number_verdict(row, stated_number(completion));
    case Verdict::letter:
      return text_verdict(gold_text(task, row), stated_letter(completion));
    case Verdict::word:
      return text_verdict(gold_text(task, row), only_word(task, completion));
    case Verdict::latex: {
      const auto found = boxed(completion);
      return {found.value_or(""), found && normal_latex(*found) == normal_latex(gold_text(task, row))};
    }
    case Verdict::loss:
      break;
  }
  return {};
}

std::vector<std::string> alternatives_of(const Task& task, const Row& row) {
  if (task.verdict != Verdict::word && task.verdict != Verdict::letter) {
    throw InputError("{}: likelihood scoring needs alternatives to choose from; score this benchmark by its completions.",
                     task.name);
  }
  const bool letters = task.verdict == Verdict::letter;
  const std::vector<std::string> all = split(letters ? "A|B|C|D|E" : task.words);
  std::vector<std::string> offered;
  const std::string text = row.instruction + "\n" + row.input;
  for (const auto& name : all) {  // letters stand as "(A)" or "A )", words in any case
    const Pattern there(fmt::format(fmt::runtime(letters ? "\\b{}\\s?\\)" : "(?i:\\b{}\\b)"), name), task.name);
    if (there.find(text, 0)) offered.push_back(name);
  }
  const bool holds_gold = std::find(offered.begin(), offered.end(), gold_text(task, row)) != offered.end();
  return offered.size() > 1 && holds_gold ? offered : all;
}

std::string stated(const Task& task, const std::string& alternative) {
  return task.verdict == Verdict::letter ? fmt::format("The answer is ({})", alternative)
                                         : fmt::format("the correct answer is {}", alternative);
}

}  // namespace hyplora

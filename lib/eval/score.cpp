#include "eval/score.h"

#include <algorithm>

#include "core/error.h"
#include "eval/tasks.h"

namespace hyplora {
namespace {

std::string text_in(const Json& line, const char* key, const std::string& where) {
  if (!line.contains(key)) throw InputError("{}: key \"{}\" is missing; a line has benchmark, answer and output.", where, key);
  if (!line[key].is_string()) throw InputError("{}: key \"{}\": found {}, expected a string.", where, key, shown(line[key]));
  return line[key].get<std::string>();
}

/// A row that has but its answer, which may stand there as a number.
Row answered(const Json& line, const std::string& where) {
  Row row;
  row.where = where;
  row.answer =
      line.contains("answer") && line["answer"].is_number() ? json_text(line["answer"]) : text_in(line, "answer", where);
  return row;
}

Json scored(const Json& line, const std::string& where) {
  if (!line.is_object())
    throw InputError("{}: found {}, expected an object with benchmark, answer and output.", where, shown(line));
  const Task& task = find_task(text_in(line, "benchmark", where), where + ": key \"benchmark\"");
  if (task.measures_loss()) throw InputError("{}: benchmark \"{}\" judges no completions.", where, task.name);
  const Row row = answered(line, where);
  const std::string output = text_in(line, "output", where);
  const auto pred = [](const Judgement& judgement) { return judgement.pred.empty() ? Json(nullptr) : Json(judgement.pred); };
  const Judgement paper = judge(task, row, output), strict = judge_strictly(task, row, output);
  return {{"pred", pred(paper)}, {"correct", paper.correct}, {"pred_strict", pred(strict)}, {"correct_strict", strict.correct}};
}

}  // namespace

std::vector<Json> scored_lines(const fs::path& file) {
  const std::string text = read_file(file);
  std::vector<Json> verdicts;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::string where = fmt::format("{}: line {}", file.string(), ++number);
    if (line.find_first_not_of(" \t\r") != line.npos) verdicts.push_back(scored(parse_json(line, where), where));
  }
  if (verdicts.empty()) throw InputError("{}: no lines, expected one object a line.", file.string());
  return verdicts;
}

}  // namespace hyplora

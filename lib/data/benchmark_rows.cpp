#include "data/benchmark_rows.h"

#include <algorithm>

#include "core/error.h"
#include "data/boxed.h"

namespace hyplora {
namespace {

/// The rationale, then the words in which LLM-Adapters' rows state an answer.
std::string stated(const std::string& rationale, const std::string& answer) {
  return trimmed(rationale) + (trimmed(rationale).empty() ? "" : "\n") + "The answer is " + answer + ".";
}

/// The choices of a CommonsenseQA row: "question": {"stem", "choices": [{"label", "text"}]}, or "choices": {"label": [],
/// "text": []} beside "question".
std::vector<std::pair<std::string, std::string>> choices_of(const Source& from, const Json& holder) {
  std::vector<std::pair<std::string, std::string>> choices;
  const auto add = [&](const Json& label, const Json& text) {
    if (!label.is_string() || !text.is_string()) {
      throw InputError("{}: key \"choices\": expected texts with labels.", from.where);
    }
    choices.emplace_back(label, text);
  };
  const Json found = holder.value("choices", Json());
  if (found.is_array()) {
    for (const Json& choice : found) {
      if (!choice.is_object()) throw InputError("{}: key \"choices\": expected texts with labels.", from.where);
      add(choice.value("label", Json()), choice.value("text", Json()));
    }
  } else if (found.is_object() && found.value("label", Json()).is_array() && found.value("text", Json()).is_array() &&
             found["label"].size() == found["text"].size()) {
    for (size_t i = 0; i < found["label"].size(); ++i) add(found["label"][i], found["text"][i]);
  }
  if (choices.empty()) throw InputError("{}: key \"choices\": expected texts with labels.", from.where);
  return choices;
}

}  // namespace

bool is_gsm8k(const Json& object) {
  const Json& answer = object["answer"];
  return answer.is_string() && answer.get_ref<const std::string&>().find("####") != std::string::npos;
}

void read_gsm8k(const Source& from, Row& row) {
  row.instruction = from.text("question");
  std::string rationale = from.text("answer");
  const size_t mark = rationale.rfind("####");
  if (mark == rationale.npos) throw InputError("{}: key \"answer\": found no \"####\" before the number.", from.where);
  row.answer = trimmed(rationale.substr(mark + 4));
  std::erase(*row.answer, ',');
  if (row.answer->empty()) throw InputError("{}: key \"answer\": found nothing after \"####\", expected a number.", from.where);
  rationale.resize(mark);
  for (size_t begin = rationale.find("<<"); begin != rationale.npos; begin = rationale.find("<<", begin)) {
    const size_t end = rationale.find(">>", begin);
    if (end == rationale.npos) break;
    rationale.erase(begin, end + 2 - begin);
  }
  row.output = stated(rationale, *row.answer);
}

void read_aqua(const Source& from, Row& row) {
  row.instruction = trimmed(from.text("question")) + " Answer Choices:";
  row.answer = from.text("correct");
  bool offered = false;
  for (const Json& option : from.array("options")) {
    const std::string text = option.is_string() ? trimmed(option) : "";
    if (text.size() < 2 || text[1] != ')') {
      throw InputError("{}: key \"options\": expected texts that begin with a letter and \")\".", from.where);
    }
    offered |= text.substr(0, 1) == *row.answer;
    row.instruction += fmt::format(" ({}) {}", text[0], trimmed(text.substr(2)));
  }
  if (!offered) throw InputError("{}: key \"correct\": found \"{}\", which is none of the options.", from.where, *row.answer);
  row.output = stated(from.text_or_nothing("rationale"), "(" + *row.answer + ")");
}

void read_csqa(const Source& from, Row& row) {
  const bool nested = from.has("question") && from.object["question"].is_object();
  const Source holder{nested ? from.object["question"] : from.object, from.where, from.keys, from.marks};
  const auto choices = choices_of(from, holder.object);
  const std::string key = from.text("answerKey");
  row.instruction = "Please choose the correct answer to the question: " + holder.text(nested ? "stem" : "question") + "\n\n";
  std::string names;
  for (size_t i = 0; i < choices.size(); ++i) {
    const std::string name = fmt::format("nswer{}", i + 1);
    row.instruction += fmt::format("{}A{}: {}", i > 0 ? " " : "", name, choices[i].second);
    names += fmt::format("{}a{}", i > 0 ? "/" : "", name);
    if (choices[i].first == key) row.answer = "a" + name;
  }
  row.instruction += "\n\nAnswer format: " + names;
  row.has_output = row.answer.has_value();
  if (row.answer) row.output = "the correct answer is " + *row.answer;
}

void read_math(const Source& from, Row& row) {
  row.instruction = from.text("problem");
  row.has_output = from.is_there("solution");
  row.output = from.text_or_nothing("solution");
  row.answer = from.answer();
  if (!row.answer) row.answer = boxed(row.output);
}

void read_openmath(const Source& from, Row& row) {
  row.instruction = from.text("problem");
  row.output = from.text("generated_solution");
  row.answer = from.answer("expected_answer");
  if (!row.answer) row.answer = boxed(row.output);
}

}  // namespace hyplora

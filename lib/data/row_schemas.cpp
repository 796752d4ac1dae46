#include "data/row_schemas.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "data/boxed.h"
#include "data/padding.h"

namespace hyplora {
namespace {

/// One object of a file, its keys read with the errors that name them. `keys` says what a row of its schema has.
struct Source {
  const Json& object;
  const std::string& where;
  const char* keys;

  bool has(const char* key) const { return object.contains(key) && !object[key].is_null(); }
  std::string text(const char* key) const {
    if (!object.contains(key)) throw InputError("{}: key \"{}\" is missing; a row has {}.", where, key, keys);
    if (!object[key].is_string()) {
      throw InputError("{}: key \"{}\": found {}, expected a string.", where, key, object[key].type_name());
    }
    return object[key];
  }
  std::string text_or_nothing(const char* key) const { return has(key) ? text(key) : std::string(); }
  /// What scoring compares with.
  std::optional<std::string> answer() const {
    if (!has("answer")) return std::nullopt;
    const Json& found = object["answer"];
    if (!found.is_primitive()) {
      throw InputError("{}: key \"answer\": found {}, expected a string or a number.", where, found.type_name());
    }
    return found.is_string() ? found.get<std::string>() : json_text(found);
  }
  const Json& array(const char* key) const {
    if (!object.contains(key)) throw InputError("{}: key \"{}\" is missing; a row has {}.", where, key, keys);
    if (!object[key].is_array() || object[key].empty()) {
      throw InputError("{}: key \"{}\": expected an array of at least one element.", where, key);
    }
    return object[key];
  }
  Ids ids(const char* key) const {
    const auto is_id = [](const Json& v) { return v.is_number_integer(); };
    const Json& found = object[key];
    if (!found.is_array() || found.empty() || !std::all_of(found.begin(), found.end(), is_id)) {
      throw InputError("{}: key \"{}\": expected an array of at least one integer.", where, key);
    }
    return found.get<Ids>();
  }
};

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// The rationale, then the words in which LLM-Adapters' rows state an answer.
std::string stated(const std::string& rationale, const std::string& answer) {
  return trimmed(rationale) + (trimmed(rationale).empty() ? "" : "\n") + "The answer is " + answer + ".";
}

void require_as_many(const Row& row, const Ids& others, const char* key, const std::string& where) {
  if (others.size() == row.input_ids.size()) return;
  throw InputError("{}: found {} {} for {} input_ids, expected as many.", where, others.size(), key, row.input_ids.size());
}

void read_tokenised(const Source& from, Row& row) {
  row.answer = from.answer();
  row.input_ids = from.ids("input_ids");
  row.labels = from.object.contains("labels") ? from.ids("labels") : row.input_ids;
  require_as_many(row, row.labels, "labels", from.where);
  if (!from.has("attention_mask")) return;
  const Ids mask = from.ids("attention_mask");
  require_as_many(row, mask, "attention_mask", from.where);
  const auto [begin, end] = unpadded(mask.data(), static_cast<int64_t>(mask.size()), from.where);
  for (Ids* ids : {&row.input_ids, &row.labels}) *ids = Ids(ids->begin() + begin, ids->begin() + end);
}

void read_alpaca(const Source& from, Row& row) {
  row.instruction = from.text("instruction");
  row.input = from.text_or_nothing("input");
  row.output = from.text("output");
  row.answer = from.answer();
}

/// MATH as its publishers write it: the answer stands in the solution's last \boxed{} where it has no key of its own.
void read_math(const Source& from, Row& row) {
  row.instruction = from.text("problem");
  row.output = from.text_or_nothing("solution");
  row.answer = from.answer();
  if (!row.answer) row.answer = boxed(row.output);
}

/// GSM8K as its publishers write it: `answer` is a rationale with calculator annotations <<2+3=5>>, then "#### 5".
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

/// AQuA as its publishers write it (options "A)21"), in the words of LLM-Adapters' AQuA file.
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

/// CommonsenseQA as its publishers write it, in the words of LLM-Adapters' multiple-choice files.
void read_csqa(const Source& from, Row& row) {
  const bool nested = from.has("question") && from.object["question"].is_object();
  const Source holder{nested ? from.object["question"] : from.object, from.where, from.keys};
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
  if (row.answer) row.output = "the correct answer is " + *row.answer;
}

struct Turn {
  std::string role, content;
};

/// `content` is a string, or an array of parts {"type": "text", "text": ...}.
std::string content_of(const Json& message, const std::string& where) {
  const Json content = message.value("content", Json());
  if (content.is_string()) return content;
  std::string text;
  if (!content.is_array()) throw InputError("{}: key \"content\": found {}, expected a string.", where, content.type_name());
  for (const Json& part : content) {
    if (!part.is_object() || !part.value("text", Json()).is_string()) {
      throw InputError("{}: key \"content\": found a part that is no text; only text can be trained on.", where);
    }
    text += part["text"].get<std::string>();
  }
  return text;
}

std::vector<Turn> turns_of(const Source& from) {
  std::vector<Turn> turns;
  for (const Json& message : from.array("messages")) {
    const std::string where = fmt::format("{}: message {}", from.where, turns.size() + 1);
    if (!message.is_object()) throw InputError("{}: found {}, expected an object.", where, message.type_name());
    const std::string role = Source{message, where, "messages of role and content"}.text("role");
    if (role.empty()) throw InputError("{}: key \"role\" is empty, expected user, assistant or system.", where);
    turns.push_back({role, content_of(message, where)});
  }
  return turns;
}

/// A chat: the last turn of the assistant is the output, what follows it is left out. Before it, system turns stand as they
/// are; one user turn is the instruction, several turns are rendered as "User: ...", "Assistant: ...", a blank line between
/// them.
void read_chat(const Source& from, Row& row) {
  std::vector<Turn> turns = turns_of(from);
  while (!turns.empty() && turns.back().role != "assistant") turns.pop_back();
  if (turns.empty()) throw InputError("{}: key \"messages\": found no message of role \"assistant\" to learn.", from.where);
  row.output = turns.back().content;
  turns.pop_back();
  const auto speaks = [](const Turn& turn) { return turn.role != "system" && turn.role != "developer"; };
  const auto speakers = std::count_if(turns.begin(), turns.end(), speaks);
  if (speakers == 0) throw InputError("{}: key \"messages\": found nothing before the assistant's message.", from.where);
  for (const Turn& turn : turns) {
    row.instruction += row.instruction.empty() ? "" : "\n\n";
    if (speaks(turn) && speakers > 1) {
      row.instruction += static_cast<char>(std::toupper(static_cast<unsigned char>(turn.role[0])));
      row.instruction += turn.role.substr(1) + ": ";
    }
    row.instruction += turn.content;
  }
}

struct RowSchema {
  const char* name;
  std::vector<const char*> marks;  // an object with all of these keys is of this schema
  const char* keys;
  void (*read)(const Source& from, Row& row);
};

const RowSchema schemas[] = {
    {"tokenised", {"input_ids"}, "input_ids and labels", read_tokenised},
    {"alpaca", {"instruction"}, "instruction, input (may be absent) and output", read_alpaca},
    {"chat", {"messages"}, "messages", read_chat},
    {"csqa", {"question", "answerKey"}, "question, choices and answerKey", read_csqa},
    {"aqua", {"question", "options", "correct"}, "question, options, rationale and correct", read_aqua},
    {"gsm8k", {"question", "answer"}, "question and answer", read_gsm8k},
    {"math", {"problem"}, "problem and solution", read_math},
};

const RowSchema& schema_of(const Json& object, const std::string& name) {
  const auto fits = [&](const RowSchema& row) {
    if (name != "auto") return name == row.name;
    return std::all_of(row.marks.begin(), row.marks.end(), [&](const char* key) { return object.contains(key); });
  };
  const auto* found = std::find_if(std::begin(schemas), std::end(schemas), fits);
  if (found != std::end(schemas)) return *found;
  if (name == "auto") return schemas[1];  // whose refusal says what rows usually have
  throw InputError("format: found \"{}\", expected auto, {}.", name, fmt::join(row_schema_names(), ", "));
}

}  // namespace

std::vector<std::string> row_schema_names() {
  std::vector<std::string> names;
  for (const auto& row : schemas) names.emplace_back(row.name);
  return names;
}

Row read_row(const Json& object, const std::string& schema, const std::string& where) {
  if (!object.is_object()) throw InputError("{}: found {}, expected an object.", where, object.type_name());
  const RowSchema& form = schema_of(object, schema);
  Row row;
  row.where = where;
  form.read({object, where, form.keys}, row);
  return row;
}

}  // namespace hyplora

#include "data/row_schemas.h"

#include <algorithm>

#include "core/error.h"
#include "data/benchmark_rows.h"
#include "data/conversation.h"
#include "data/padding.h"

namespace hyplora {
namespace {

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

void refuse_preference(const Source& from, Row&) {
  throw InputError(
      "{}: is a preference pair (keys \"chosen\" and \"rejected\"), expected one output to learn; keep prompt and chosen as prompt "
      "and completion.",
      from.where);
}

/// Instruction, the input where there is one, and what the last mark names.
void read_instruction(const Source& from, Row& row) {
  row.instruction = from.text("instruction");
  row.input = from.text_or_nothing("input");
  if (row.input.empty()) row.input = from.text_or_nothing("context");
  row.output = from.learnt(from.marks.back());
  row.answer = from.answer();
  read_history(from, row);
}

/// An instruction whose answer nobody knows the name of.
void read_without_output(const Source& from, Row&) {
  throw InputError("{}: key \"output\" is missing; a row has {}.", from.where, from.keys);
}

void read_question(const Source& from, Row& row) {
  row.instruction = from.text("question");
  row.output = from.learnt("answer");
  row.answer = row.output;
}

void read_text(const Source& from, Row& row) {
  row.output = from.text("text");
  row.is_text = true;
}

struct RowSchema {
  const char* name;
  std::vector<const char*> marks;  // an object with all of these keys is of this schema
  const char* keys;
  void (*read)(const Source& from, Row& row);
  bool (*fits)(const Json& object) = nullptr;  // what must hold beyond the keys
};

constexpr const char* alpaca_keys = "instruction, input (may be absent) and output";

const RowSchema schemas[] = {
    {"tokenised", {"input_ids"}, "input_ids and labels", read_tokenised},
    {"preference", {"chosen", "rejected"}, "chosen and rejected", refuse_preference},
    {"alpaca", {"instruction", "output"}, alpaca_keys, read_instruction},
    {"dolly", {"instruction", "response"}, "instruction, context (may be absent) and response", read_instruction},
    {"alpaca", {"instruction"}, alpaca_keys, read_without_output},
    {"chat", {"messages"}, "messages", read_messages},
    {"sharegpt", {"conversations"}, "conversations", read_messages},
    {"csqa", {"question", "answerKey"}, "question, choices and answerKey", read_csqa},
    {"aqua", {"question", "options", "correct"}, "question, options, rationale and correct", read_aqua},
    {"gsm8k", {"question", "answer"}, "question and answer", read_gsm8k, is_gsm8k},
    {"question-answer", {"question", "answer"}, "question and answer", read_question},
    {"openmath", {"problem", "generated_solution"}, "problem, generated_solution and expected_answer", read_openmath},
    {"math", {"problem"}, "problem and solution", read_math},
    {"prompt-completion", {"prompt", "completion"}, "prompt and completion", read_prompt_and_completion},
    {"prompt-response", {"prompt", "response"}, "prompt and response", read_prompt_and_completion},
    {"query-response", {"query", "response"}, "query and response", read_prompt_and_completion},
    {"question-response", {"question", "response"}, "question and response", read_prompt_and_completion},
    {"inst-response", {"inst", "response"}, "inst and response", read_prompt_and_completion},
    {"input-output", {"input", "output"}, "input and output", read_prompt_and_completion},
    {"text", {"text"}, "text", read_text},
};

bool fits(const RowSchema& schema, const Json& object) {
  const auto there = [&](const char* key) { return object.contains(key); };
  return std::all_of(schema.marks.begin(), schema.marks.end(), there) && (schema.fits == nullptr || schema.fits(object));
}

const RowSchema* named(const std::string& name) {
  const auto* found = std::find_if(std::begin(schemas), std::end(schemas), [&](const auto& row) { return name == row.name; });
  if (found != std::end(schemas)) return found;
  throw InputError("format: found \"{}\", expected auto, {}.", name, fmt::join(row_schema_names(), ", "));
}

const RowSchema* recognised(const Json& object) {
  const auto* found = std::find_if(std::begin(schemas), std::end(schemas), [&](const auto& row) { return fits(row, object); });
  return found == std::end(schemas) ? nullptr : found;
}

/// The first keys of an object, as an error shows them.
std::string keys_of(const Json& object) {
  constexpr size_t most = 6;
  Json keys = Json::array();
  for (const auto& [key, value] : object.items()) {
    if (keys.size() == most) break;
    keys.push_back(key);
  }
  std::string text;
  for (const Json& key : keys) text += (text.empty() ? "" : ", ") + shown(key);
  return text.empty() ? "no keys" : text + (object.size() > most ? ", ..." : "");
}

/// Rows under a key of their own, as the Hugging Face viewer sends them, and rows as text within JSON.
Json unwrapped(const Json& object, const std::string& where) {
  const Json inner = unpacked(object);
  if (!inner.is_object()) throw InputError("{}: found {}, expected an object.", where, object.type_name());
  if (!inner.contains("row") || !inner["row"].is_object() || recognised(inner) != nullptr) return inner;
  if (inner.contains("truncated_cells") && inner["truncated_cells"].is_array() && !inner["truncated_cells"].empty()) {
    throw InputError("{}: its cells {} were cut by the Hugging Face viewer (key \"truncated_cells\"), expected whole ones.",
                     where, shown(inner["truncated_cells"]));
  }
  return inner["row"];
}

}  // namespace

std::vector<std::string> row_schema_names() {
  std::vector<std::string> names;
  for (const auto& row : schemas) {
    if (std::find(names.begin(), names.end(), row.name) == names.end()) names.emplace_back(row.name);
  }
  return names;
}

bool is_row(const Json& object) { return object.is_object() && recognised(object) != nullptr; }

Row read_row(const Json& object, const std::string& schema, const std::string& where) {
  const bool plain = object.is_object() && !object.contains("row");
  const Json inner = plain ? Json() : unwrapped(object, where);
  const Json& found = plain ? object : inner;
  const RowSchema* form = schema == "auto" ? recognised(found) : named(schema);
  if (form == nullptr) {
    throw InputError("{}: key \"instruction\" is missing; a row has {}, or the keys of another schema; found {}.", where,
                     alpaca_keys, keys_of(found));
  }
  Row row;
  row.where = where;
  row.schema = form->name;
  form->read({found, where, form->keys, form->marks}, row);
  return row;
}

}  // namespace hyplora

#include "text/rows.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/error.h"
#include "io/safetensors.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

std::string text_field(const Json& object, const char* key, bool required, const std::string& where) {
  if (!object.contains(key) || (object[key].is_null() && !required)) {
    if (required)
      throw InputError("{}: key \"{}\" is missing; a row has instruction, input (may be absent) and output.", where, key);
    return {};
  }
  if (!object[key].is_string()) {
    throw InputError("{}: key \"{}\": found {}, expected a string.", where, key, object[key].type_name());
  }
  return object[key];
}

Ids ids_field(const Json& object, const char* key, const std::string& where) {
  const Json& array = object[key];
  const auto is_id = [](const Json& v) { return v.is_number_integer(); };
  if (!array.is_array() || array.empty() || !std::all_of(array.begin(), array.end(), is_id)) {
    throw InputError("{}: key \"{}\": expected an array of at least one integer.", where, key);
  }
  return array.get<Ids>();
}

std::optional<std::string> answer_field(const Json& object, const std::string& where) {
  if (!object.contains("answer") || object["answer"].is_null()) return std::nullopt;
  const Json& answer = object["answer"];
  if (answer.is_string()) return answer.get<std::string>();
  if (answer.is_primitive()) return answer.dump();
  throw InputError("{}: key \"answer\": found {}, expected a string or a number.", where, answer.type_name());
}

/// MATH as its publishers write it: problem, solution, answer.
void read_problem(const Json& object, const std::string& where, Row& row) {
  row.instruction = text_field(object, "problem", true, where);
  row.output = text_field(object, "solution", false, where);
}

/// CommonsenseQA as its publishers write it, put into the words of LLM-Adapters' multiple-choice files:
/// {"question": {"stem", "choices": [{"label", "text"}]}, "answerKey"}, or "question" a string beside "choices": {"label": [],
/// "text": []}.
void read_question(const Json& object, const std::string& where, Row& row) {
  const bool nested = object["question"].is_object();
  const Json& holder = nested ? object["question"] : object;
  const Json choices = holder.value("choices", Json());
  std::vector<std::string> labels, texts;
  const auto add = [&](const Json& label, const Json& text) {
    if (!label.is_string() || !text.is_string()) throw InputError("{}: key \"choices\": expected texts with labels.", where);
    labels.push_back(label);
    texts.push_back(text);
  };
  if (nested && choices.is_array()) {
    for (const Json& choice : choices) add(choice.value("label", Json()), choice.value("text", Json()));
  } else if (choices.is_object() && choices.value("label", Json()).is_array() && choices.value("text", Json()).is_array() &&
             choices["label"].size() == choices["text"].size()) {
    for (size_t i = 0; i < choices["label"].size(); ++i) add(choices["label"][i], choices["text"][i]);
  }
  if (texts.empty()) throw InputError("{}: key \"choices\": expected texts with labels.", where);
  row.instruction =
      "Please choose the correct answer to the question: " + text_field(holder, nested ? "stem" : "question", true, where) +
      "\n\n";
  std::string names;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string name = fmt::format("nswer{}", i + 1);
    row.instruction += fmt::format("{}A{}: {}", i > 0 ? " " : "", name, texts[i]);
    names += fmt::format("{}a{}", i > 0 ? "/" : "", name);
    if (labels[i] == text_field(object, "answerKey", true, where)) row.answer = "a" + name;
  }
  row.instruction += "\n\nAnswer format: " + names;
  if (row.answer) row.output = "the correct answer is " + *row.answer;
}

Row read_row(const Json& object, const std::string& where) {
  if (!object.is_object()) throw InputError("{}: found {}, expected an object.", where, object.type_name());
  Row row;
  row.where = where;
  row.answer = answer_field(object, where);
  if (!object.contains("input_ids") && !object.contains("instruction") && object.contains("problem")) {
    read_problem(object, where, row);
    return row;
  }
  if (!object.contains("input_ids") && !object.contains("instruction") && object.contains("question") &&
      object.contains("answerKey")) {
    read_question(object, where, row);
    return row;
  }
  if (!object.contains("input_ids")) {
    row.instruction = text_field(object, "instruction", true, where);
    row.input = text_field(object, "input", false, where);
    row.output = text_field(object, "output", true, where);
    return row;
  }
  row.input_ids = ids_field(object, "input_ids", where);
  row.labels = object.contains("labels") ? ids_field(object, "labels", where) : row.input_ids;
  if (row.labels.size() != row.input_ids.size()) {
    throw InputError("{}: found {} labels for {} input_ids, expected as many.", where, row.labels.size(), row.input_ids.size());
  }
  return row;
}

void read_json_array(const std::string& text, const std::string& file, std::vector<Row>& rows) {
  const Json array = parse_json(text, file);
  size_t number = 0;
  for (const auto& object : array) rows.push_back(read_row(object, fmt::format("{}: row {}", file, ++number)));
}

void read_json_lines(const std::string& text, const std::string& file, std::vector<Row>& rows) {
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}: row {}", file, ++number);
    const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_discarded()) {
      throw InputError("{}: found text that is not JSON; expected a JSON array of rows, or one JSON object a line.", where);
    }
    rows.push_back(read_row(object, where));
  }
}

at::Tensor id_matrix(const Safetensors& file, const std::string& name, at::IntArrayRef shape) {
  const at::Tensor ids = file.tensor(name);
  const std::string where = fmt::format("{}: tensor {}", file.path().string(), name);
  if (ids.dim() != 2 || !at::isIntegralType(ids.scalar_type(), /*includeBool=*/true)) {
    throw InputError("{}: found {} dimensions of {}, expected integers [rows, tokens].", where, ids.dim(),
                     file.tensors().at(name).dtype);
  }
  if (!shape.empty() && ids.sizes() != shape) throw InputError("{}: its shape differs from that of input_ids.", where);
  return ids.to(at::kLong).contiguous();
}

/// The tokens of a padded row: those whose mask is 1, which must stand together.
std::pair<int64_t, int64_t> unpadded(const int64_t* mask, int64_t length, const std::string& where) {
  const auto* first = std::find(mask, mask + length, 1);
  const auto* last = std::find(first, mask + length, 0);
  if (first == last) throw InputError("{}: its attention_mask is 0 everywhere.", where);
  if (std::find_if(last, mask + length, [](int64_t m) { return m != 0; }) != mask + length) {
    throw InputError("{}: its attention_mask has a gap; expected ones side by side.", where);
  }
  return {first - mask, last - mask};
}

void read_safetensors_rows(const std::string& path, std::vector<Row>& rows) {
  const Safetensors file = Safetensors::open(path);
  if (!file.contains("input_ids")) throw InputError("{}: tensor input_ids is missing; expected integers [rows, tokens].", path);
  const at::Tensor ids = id_matrix(file, "input_ids", {});
  const at::Tensor labels = file.contains("labels") ? id_matrix(file, "labels", ids.sizes()) : ids;
  const at::Tensor mask = file.contains("attention_mask") ? id_matrix(file, "attention_mask", ids.sizes()) : at::Tensor();
  const int64_t length = ids.size(1);
  for (int64_t i = 0; i < ids.size(0); ++i) {
    Row row;
    row.where = fmt::format("{}: row {}", path, i + 1);
    int64_t begin = 0, end = length;
    if (mask.defined()) std::tie(begin, end) = unpadded(mask.const_data_ptr<int64_t>() + i * length, length, row.where);
    const int64_t* id = ids.const_data_ptr<int64_t>() + i * length;
    const int64_t* label = labels.const_data_ptr<int64_t>() + i * length;
    row.input_ids.assign(id + begin, id + end);
    row.labels.assign(label + begin, label + end);
    if (row.input_ids.empty()) throw InputError("{}: it has no tokens.", row.where);
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<Row> read_rows(const std::vector<std::string>& files) {
  std::vector<Row> rows;
  for (const auto& file : files) {
    const size_t before = rows.size();
    if (fs::path(file).extension() == ".safetensors") {
      read_safetensors_rows(file, rows);
    } else {
      const std::string text = read_file(file);
      const size_t start = text.find_first_not_of(" \t\r\n");
      if (start == std::string::npos) throw InputError("{}: the file is empty, expected rows.", file);
      (text[start] == '[' ? read_json_array : read_json_lines)(text, file, rows);
    }
    if (rows.size() == before) throw InputError("{}: found no rows, expected at least one.", file);
  }
  return rows;
}

}  // namespace hyplora

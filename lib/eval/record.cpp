#include "eval/record.h"

#include "core/numbers.h"

namespace hyplora {
namespace {

void put(Json& json, const std::string& suffix, const Judgement& judgement) {
  json["pred" + suffix] = judgement.pred.empty() ? Json(nullptr) : Json(judgement.pred);
  json["flag" + suffix] = judgement.correct;
}

Judgement judgement_in(const Json& json, const std::string& suffix) {
  const Json& pred = json.at("pred" + suffix);
  return {pred.is_null() ? "" : pred.get<std::string>(), json.at("flag" + suffix).get<bool>()};
}

Json json_of(const RowRecord& record) {
  Json json{{"instruction", record.instruction},
            {"input", record.input},
            {"answer", record.answer},
            {"prompt", record.prompt},
            {"output_pred", record.output_pred}};
  put(json, "", record.judgement);
  if (record.truncated) json["truncated"] = true;
  if (record.strict) put(json, "_strict", *record.strict);
  if (record.normalised) {
    put(json, "_normalised", *record.normalised);
    Json& scores = json["log_likelihood"] = Json::object();
    for (const auto& [name, sum, per_token] : record.log_likelihood)
      scores[name] = {{"sum", json_number(sum)}, {"per_token", json_number(per_token)}};
  }
  json["tokens"] = record.tokens;
  return json;
}

Json json_of(const LossRecord& record) {
  return {{"rows", record.rows}, {"loss", json_number(record.loss)}, {"tokens", record.tokens}};
}

double number_or_nan(const Json& holder, const char* key) { return number_in(holder, key).value_or(NAN); }

RowRecord row_record(const Json& json) {
  RowRecord record;
  record.instruction = json.at("instruction").get<std::string>();
  record.input = json.at("input").get<std::string>();
  record.answer = json.at("answer").get<std::string>();
  record.prompt = json.at("prompt").get<std::string>();
  record.output_pred = json.at("output_pred").get<std::string>();
  record.judgement = judgement_in(json, "");
  record.truncated = json.value("truncated", false);
  if (json.contains("pred_strict")) record.strict = judgement_in(json, "_strict");
  if (json.contains("pred_normalised")) {
    record.normalised = judgement_in(json, "_normalised");
    for (const auto& [name, score] : json.at("log_likelihood").items())
      record.log_likelihood.push_back({name, number_or_nan(score, "sum"), number_or_nan(score, "per_token")});
  }
  record.tokens = json.at("tokens").get<int64_t>();
  return record;
}

LossRecord loss_record(const Json& json) {
  return {json.at("rows").get<std::vector<size_t>>(), number_or_nan(json, "loss"), json.at("tokens").get<int64_t>()};
}

}  // namespace

Json to_json(const Record& record) {
  return std::visit([](const auto& one) { return json_of(one); }, record);
}

std::optional<Record> record_from(const Json& json) {
  try {
    const Record record = json.contains("rows") ? Record(loss_record(json)) : Record(row_record(json));
    return to_json(record) == json ? std::optional(record) : std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;  // a key is missing or has another type
  }
}

int64_t tokens_of(const Record& record) {
  return std::visit([](const auto& one) { return one.tokens; }, record);
}

bool is_right(const Record& record) {
  const auto* row = std::get_if<RowRecord>(&record);
  return row != nullptr && row->judgement.correct;
}

std::optional<RowVerdict> verdict_from(const Json& json) {
  if (!json.is_object() || !json.contains("flag") || !json["flag"].is_boolean()) return std::nullopt;
  return RowVerdict{json.value("instruction", Json()), json.value("input", Json()), json["flag"].get<bool>()};
}

}  // namespace hyplora

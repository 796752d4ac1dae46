#include "eval/result_entry.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

/// An entry of each form.
std::vector<Json> entries() {
  const Json shared{{"benchmark", "gsm8k"},
                    {"n", 4},
                    {"verdict", Json::object()},
                    {"truncated", 0},
                    {"rows_computed", 4},
                    {"seconds", 1.5},
                    {"tokens_per_second", 2.0},
                    {"rows_per_second", 2.0},
                    {"model", "m"},
                    {"hashes", Json::object()},
                    {"settings", Json::object()}};
  Json loss = shared, answers = shared, choices = shared;
  loss.update(Json{{"loss", 1.0}, {"perplexity", 2.7}, {"tokens", 12}});
  const Json scores{{"correct", 1}, {"accuracy", 0.25}, {"stderr", 0.1}};
  answers.update(scores);
  choices.update(scores);
  answers.update(Json{{"correct_strict", 1}, {"accuracy_strict", 0.25}, {"disagreements", 1}, {"disagreement_rows", {2}}});
  choices.update(Json{{"correct_normalised", 1}, {"accuracy_normalised", 0.25}});
  return {loss, answers, choices};
}

TEST_CASE("An entry of results.json that lacks a key or has one of another type is refused with the key", "[eval]") {
  for (const Json& entry : entries()) {
    const Json whole = parse_json(json_text(entry), "entry");  // counts as they are read
    CHECK_NOTHROW(require_result_entry(whole, "f"));
    for (const auto& [key, value] : whole.items()) {
      if (key == "benchmark") continue;  // identifies the entry
      INFO(key << " of " << json_text(whole));
      for (const Json& other : {Json("x"), Json(-1.5), Json(1e300), Json::array({-1}), Json{{"a", 1}}, Json(true), Json()}) {
        INFO(json_text(other));
        Json changed = whole;
        changed[key] = other;
        const bool number = value.is_number_float() && (other.is_number() || other.is_null());  // null: not finite
        if (other.type() == value.type() || number) {
          if (!value.is_array()) CHECK_NOTHROW(require_result_entry(changed, "f"));
        } else {
          CHECK_THAT(test::input_error([&] { require_result_entry(changed, "f"); }), Contains("f: key \"" + key + "\": found"));
        }
      }
      Json lacking = whole;
      lacking.erase(key);
      CHECK_THAT(test::input_error([&] { require_result_entry(lacking, "f"); }), Contains("f: key \""));
    }
  }
}

}  // namespace
}  // namespace hyplora

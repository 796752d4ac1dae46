#include "eval/result_entry.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {
namespace {

struct Kind {
  const char* expected;
  bool (*holds)(const Json& value);
};

bool is_count(const Json& value) { return value.is_number_unsigned() && value.get<uint64_t>() <= (uint64_t{1} << 53); }

constexpr Kind count{"a count", is_count};
constexpr Kind counts{"an array of counts",
                      [](const Json& v) { return v.is_array() && std::all_of(v.begin(), v.end(), is_count); }};
constexpr Kind number{"a number or null", [](const Json& v) { return v.is_number() || v.is_null(); }};
constexpr Kind text{"a string", [](const Json& v) { return v.is_string(); }};
constexpr Kind object{"an object", [](const Json& v) { return v.is_object(); }};

struct Key {
  const char* name;
  Kind kind;
};
constexpr Key always[] = {{"n", count},
                          {"model", text},
                          {"hashes", object},
                          {"settings", object},
                          {"verdict", object},
                          {"truncated", count},
                          {"rows_computed", count},
                          {"seconds", number},
                          {"tokens_per_second", number},
                          {"rows_per_second", number}};
constexpr Key of_losses[] = {{"loss", number}, {"perplexity", number}, {"tokens", count}};
constexpr Key of_scores[] = {{"correct", count}, {"accuracy", number}, {"stderr", number}};
constexpr Key of_likelihoods[] = {{"correct_normalised", count}, {"accuracy_normalised", number}};
constexpr Key of_answers[] = {
    {"correct_strict", count}, {"accuracy_strict", number}, {"disagreements", count}, {"disagreement_rows", counts}};

template <size_t n>
void require(const Json& entry, const Key (&keys)[n], const std::string& where) {
  for (const auto& [name, kind] : keys) {
    if (!entry.contains(name)) throw InputError("{}: key \"{}\" is missing, expected {}.", where, name, kind.expected);
    if (!kind.holds(entry[name]))
      throw InputError("{}: key \"{}\": found {}, expected {}.", where, name, shown(entry[name]), kind.expected);
  }
}

}  // namespace

void require_result_entry(const Json& entry, const std::string& where) {
  require(entry, always, where);
  if (entry.contains("loss")) return require(entry, of_losses, where);
  require(entry, of_scores, where);
  if (entry.contains("correct_normalised") || entry.contains("accuracy_normalised"))
    return require(entry, of_likelihoods, where);
  require(entry, of_answers, where);
}

}  // namespace hyplora

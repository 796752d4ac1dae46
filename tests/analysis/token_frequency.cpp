#include "analysis/token_frequency.h"

#include "support/support.h"

namespace hyplora {
namespace {

Example row_of(const Ids& ids) {
  Example row;
  row.ids = row.labels = ids;
  return row;
}

std::vector<int64_t> places(const at::Tensor& which) {
  std::vector<int64_t> found;
  for (int64_t i = 0; i < which.numel(); ++i) {
    if (which[i].item<bool>()) found.push_back(i);
  }
  return found;
}

TEST_CASE("Tokens are rare or frequent by how often their id occurs, and a row's first token is neither", "[analysis]") {
  // 9 occurs three times, but first; 7 five times, 4 twice, 1, 2 and 3 once.
  const FrequencyClasses classes = by_frequency({row_of({9, 7, 7, 1, 2}), row_of({9, 7, 4, 3}), row_of({9, 7, 4, 7})});
  CHECK(places(classes.rare) == std::vector<int64_t>{3, 4, 8});
  CHECK(places(classes.frequent) == std::vector<int64_t>{1, 2, 6, 10, 12});
}

TEST_CASE("Where all tokens occur equally often, or rows have one token, none is rare and none frequent", "[analysis]") {
  for (const auto& rows : {std::vector{row_of({9, 1, 2}), row_of({8, 3, 4})}, std::vector{row_of({9}), row_of({8})}}) {
    const FrequencyClasses classes = by_frequency(rows);
    CHECK(places(classes.rare).empty());
    CHECK(places(classes.frequent).empty());
  }
}

}  // namespace
}  // namespace hyplora

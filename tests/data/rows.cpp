#include "data/rows.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <random>

#include "io/safetensors.h"
#include "support/support.h"

namespace hyplora {
namespace {

std::vector<Row> rows_of(const std::string& content, const std::string& name = "r.json") {
  const test::TempFolder folder;
  write_file(folder / name, content);
  return read_rows({(folder / name).string()});
}

std::string refusal(const std::string& content) {
  return test::input_error([&] { rows_of(content); });
}

TEST_CASE("Rows come from a JSON array or from JSONL alike", "[data]") {
  for (const char* content :
       {R"([{"instruction":"i","input":"x","output":"o","answer":"4"},{"instruction":"j","output":""}])",
        "{\"instruction\":\"i\",\"input\":\"x\",\"output\":\"o\",\"answer\":4}\n\n{\"instruction\":\"j\",\"output\":\"\"}\n"}) {
    const auto rows = rows_of(content);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].instruction == "i");
    CHECK(rows[0].input == "x");
    CHECK(rows[0].answer == "4");
    CHECK(rows[1].input.empty());
    CHECK_FALSE(rows[1].answer.has_value());
    CHECK(rows[1].where.ends_with("row 2"));
  }
}

TEST_CASE("A row of the wrong schema is refused with its number", "[data]") {
  CHECK(refusal(R"([{"instruction":"i","output":"o"},{"instruction":"i"}])")
            .ends_with("row 2: key \"output\" is missing; a row has instruction, input (may be absent) and output."));
  CHECK(
      refusal(R"([{"instruction":3,"output":"o"}])").ends_with("row 1: key \"instruction\": found number, expected a string."));
  CHECK(refusal(R"([3])").ends_with("row 1: found number, expected an object."));
  CHECK_THAT(refusal("{\"instruction\":\"i\",\"output\":\"o\"}\n{oops\n"),
             test::Contains("row 2: found text that is not JSON"));
  CHECK(refusal("").ends_with("the file is empty, expected rows."));
  CHECK(refusal("[]").ends_with("found no rows, expected at least one."));
  CHECK(refusal(R"([{"input_ids":[1,2],"labels":[1]}])").ends_with("row 1: found 1 labels for 2 input_ids, expected as many."));
  CHECK(refusal(R"([{"input_ids":[]}])").ends_with("key \"input_ids\": expected an array of at least one integer."));
}

TEST_CASE("Numbers that only Python writes into JSON are named", "[data]") {
  CHECK_THAT(refusal("{\"instruction\":\"Q\",\"input\":NaN,\"output\":\"A\"}\n"),
             test::Contains("row 1: found NaN, which JSON does not have"));
  CHECK_THAT(refusal("[{\"score\":-Infinity}]"), test::Contains("found Infinity, which JSON does not have"));
}

TEST_CASE("Rows of several schemas may stand in one file, each read by its own", "[data]") {
  const auto rows = rows_of(R"([{"instruction":"i","output":"o"},{"prompt":"p","completion":"c"},{"input_ids":[1,2]}])");
  CHECK(std::string(rows.at(1).schema) == "prompt-completion");
  CHECK(rows.at(1).output == "c");
  CHECK(rows.at(2).tokenised());
}

TEST_CASE("Text to learn as it stands is read only where no template would surround it", "[data]") {
  CHECK_THAT(refusal(R"([{"text":"t"}])"), test::Contains("row 1: is text to learn as it stands"));
}

TEST_CASE("Tokenised rows of a safetensors file lose their padding on either side", "[data]") {
  const test::TempFolder folder;
  const auto matrix = [](const Ids& values) { return at::tensor(values, at::kLong).reshape({2, 3}); };
  write_safetensors(folder / "r.safetensors", {{"input_ids", matrix({5, 6, 0, 0, 7, 8})},
                                               {"attention_mask", matrix({1, 1, 0, 0, 1, 1})},
                                               {"labels", matrix({-100, 6, -100, -100, 7, 8})}});
  const auto rows = read_rows({(folder / "r.safetensors").string()});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].input_ids == Ids{5, 6});
  CHECK(rows[0].labels == Ids{-100, 6});
  CHECK(rows[1].input_ids == Ids{7, 8});
}

TEST_CASE("Tokenised rows of the wrong shape, type or mask are refused", "[data]") {
  const test::TempFolder folder;
  const auto refused = [&](const NamedTensors& tensors) {
    write_safetensors(folder / "r.safetensors", tensors);
    return test::input_error([&] { read_rows({(folder / "r.safetensors").string()}); });
  };
  const at::Tensor ids = at::tensor(Ids{1, 2, 3, 4}, at::kLong).reshape({1, 4});
  CHECK_THAT(refused({{"ids", ids}}), test::Contains("tensor input_ids is missing"));
  CHECK_THAT(refused({{"input_ids", ids[0]}}), test::Contains("found 1 dimensions"));
  CHECK_THAT(refused({{"input_ids", ids.to(at::kFloat)}}), test::Contains("of F32, expected integers"));
  CHECK_THAT(refused({{"input_ids", ids}, {"labels", ids.reshape({2, 2})}}), test::Contains("differs from that of input_ids"));
  CHECK_THAT(refused({{"input_ids", ids}, {"attention_mask", at::tensor(Ids{1, 0, 1, 0}).reshape({1, 4})}}),
             test::Contains("has a gap"));
  CHECK_THAT(refused({{"input_ids", ids}, {"attention_mask", at::zeros_like(ids)}}), test::Contains("0 everywhere"));
}

TEST_CASE("Damaged row files are refused, never a crash", "[data]") {
  const std::string good =
      R"([{"instruction":"a b","input":"c","output":"d","answer":"1"},{"input_ids":[1,2,3],"labels":[1,2,-100]}])";
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (int n = 1 + static_cast<int>(random() % 5); n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      rows_of(bytes);
    } catch (const InputError&) {
    }
  }
}

}  // namespace
}  // namespace hyplora

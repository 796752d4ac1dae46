#include "data/examples.h"

#include "support/support.h"

namespace hyplora {
namespace {

/// One id a byte, BOS 1, EOS 2; bytes begin at 3. `end` stands behind each text.
class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(Ids end = {}) : end_(std::move(end)) {}
  Ids encode(std::string_view text, bool add_special, const std::vector<TextRange>&) const override {
    Ids ids;
    if (add_special) ids.push_back(1);
    for (const char c : text) ids.push_back(3 + static_cast<unsigned char>(c));
    if (add_special) ids.insert(ids.end(), end_.begin(), end_.end());
    return ids;
  }
  Ids closing() const override { return end_; }
  std::string decode(const Ids& ids, bool) const override {
    std::string text;
    for (const int64_t id : ids) {
      if (id >= 3) text += static_cast<char>(id - 3);
    }
    return text;
  }
  int64_t size() const override { return 259; }
  std::optional<int64_t> bos() const override { return 1; }
  std::optional<int64_t> eos() const override { return 2; }
  fs::path file() const override { return "bytes"; }

 private:
  Ids end_;
};

Row text_row(const std::string& instruction, const std::string& output) {
  Row row;
  row.instruction = instruction;
  row.output = output;
  row.where = "f: row 1";
  return row;
}

ExampleSet made(const std::vector<Row>& rows, const ExampleOptions& options) {
  return make_examples(rows, std::make_unique<ByteTokenizer>().get(), options, 259);
}

const PromptTemplate bare{"none", "{instruction}{input}", "{instruction}", "", false, {}};

TEST_CASE("The alpaca template is word for word Stanford Alpaca's", "[data]") {
  const PromptTemplate alpaca = find_prompt_template("alpaca");
  CHECK(render_prompt(alpaca, "Add.", "1 2").text ==
        "Below is an instruction that describes a task, paired with an input that provides further context. Write a response "
        "that "
        "appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n");
  CHECK(render_prompt(alpaca, "Add.", "").text ==
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### "
        "Instruction:\n"
        "Add.\n\n### Response:\n");
}

TEST_CASE("Braces in a row's own text stay text", "[data]") {
  CHECK(render_prompt(bare, "{input} {instruction}", "x").text == "{input} {instruction}x");
}

TEST_CASE("A template may come from a JSON file", "[data]") {
  const test::TempFolder folder;
  write_file(folder / "t.json", R"({"prompt_input": "Q {instruction} / {input} A", "prompt_no_input": "Q {instruction} A"})");
  CHECK(render_prompt(find_prompt_template((folder / "t.json").string()), "i", "").text == "Q i A");
  write_file(folder / "t.json", R"({"prompt_input": 3})");
  CHECK_THAT(test::input_error([&] { find_prompt_template((folder / "t.json").string()); }), test::Contains("prompt_input"));
  CHECK_THAT(test::input_error([] { find_prompt_template("alpacca"); }),
             test::Contains("expected alpaca, llama3, qwen, gemma, none, chat or a JSON file"));
}

TEST_CASE("BOS comes first, EOS is appended, labels are the ids", "[data]") {
  const auto set = made({text_row("a", "b")}, {bare, 16, "truncate", true});
  CHECK(set.examples[0].ids == Ids{1, 3 + 'a', 3 + 'b', 2});
  CHECK(set.examples[0].labels == set.examples[0].ids);
  CHECK(set.examples[0].supervised() == 3);
}

TEST_CASE("Without train_on_inputs only the response carries loss", "[data]") {
  const auto set = made({text_row("ab", "c")}, {bare, 16, "truncate", false});
  CHECK(set.examples[0].labels == Ids{-100, -100, -100, 3 + 'c', 2});
}

TEST_CASE("What the tokenizer puts behind a text stands behind rows, and hides no token of the answer", "[data]") {
  for (const bool inputs : {true, false}) {
    const ExampleOptions options{bare, 16, "truncate", inputs};
    const auto plain = made({text_row("ab", "c")}, options);
    const auto eos = make_examples({text_row("ab", "c")}, std::make_unique<ByteTokenizer>(Ids{2}).get(), options, 259);
    CHECK(eos.examples[0].ids == plain.examples[0].ids);
    CHECK(eos.examples[0].labels == plain.examples[0].labels);
    const auto other = make_examples({text_row("ab", "c")}, std::make_unique<ByteTokenizer>(Ids{0}).get(), options, 259);
    CHECK(other.examples[0].ids == Ids{1, 3 + 'a', 3 + 'b', 3 + 'c', 0, 2});
    CHECK(other.examples[0].supervised() == plain.examples[0].supervised() + 1);
  }
}

TEST_CASE("Only a row that uses a token without an embedding is refused, by its name", "[data]") {
  const ByteTokenizer tokenizer;
  const ExampleOptions options{bare, 16, "truncate", true};
  CHECK(make_examples({text_row("ab", "c")}, &tokenizer, options, 3 + 'd').examples.size() == 1);
  CHECK(test::input_error([&] { make_examples({text_row("ab", "d")}, &tokenizer, options, 3 + 'd'); }) ==
        "f: row 1: found token id 103, expected 0 to 102 (the model's vocabulary).");
}

TEST_CASE("A row at the limit gets no EOS; one beyond it is cut, counted, and gets none either", "[data]") {
  const auto set = made({text_row("ab", "c"), text_row("ab", "cdef")}, {bare, 4, "truncate", true});
  CHECK(set.examples[0].ids == Ids{1, 3 + 'a', 3 + 'b', 3 + 'c'});
  CHECK_FALSE(set.examples[0].truncated);
  CHECK(set.examples[1].ids == set.examples[0].ids);
  CHECK(set.truncated == 1);
}

TEST_CASE("Longer rows can be dropped or refused instead", "[data]") {
  const std::vector<Row> rows{text_row("ab", "c"), text_row("ab", "cdef")};
  const auto dropped = made(rows, {bare, 4, "drop", true});
  CHECK(dropped.examples.size() == 1);
  CHECK(dropped.dropped == 1);
  CHECK(test::input_error([&] { made(rows, {bare, 4, "error", true}); }) == "f: row 1: it is longer than cutoff_len 4.");
  CHECK(test::input_error([&] { made({rows[1]}, {bare, 4, "drop", true}); }).starts_with("no row is left"));
}

TEST_CASE("A row whose every label is masked is refused by name", "[data]") {
  CHECK(test::input_error([] {
          made({text_row("abcdef", "g")}, {bare, 4, "truncate", false});
        }) ==
        "f: row 1: every label is masked, so that nothing is left to learn (cut at cutoff_len 4; raise it, or set over_length "
        "to \"drop\").");
}

TEST_CASE("Tokenised rows keep to cutoff_len like any other", "[data]") {
  Row row;
  row.input_ids = {9, 8, 7};
  row.labels = {-100, 8, 7};
  row.where = "f: row 1";
  const ExampleSet cut = make_examples({row}, nullptr, {bare, 2, "truncate", true}, 10);
  CHECK(cut.examples[0].ids == Ids{9, 8});
  CHECK(cut.examples[0].labels == Ids{-100, 8});
  CHECK(cut.truncated == 1);
  CHECK(test::input_error([&] {
          make_examples({row}, nullptr, {bare, 2, "error", true}, 10);
        }) == "f: row 1: it is longer than cutoff_len 2.");
  Row fits = row;
  fits.input_ids = fits.labels = {1, 2};
  const ExampleSet dropped = make_examples({row, fits}, nullptr, {bare, 2, "drop", true}, 10);
  CHECK(dropped.dropped == 1);
  CHECK(dropped.examples.size() == 1);
}

TEST_CASE("Tokenised rows are taken as they are; ids outside the vocabulary are refused", "[data]") {
  Row row;
  row.input_ids = {9, 8, 7};
  row.labels = {-100, 8, 7};
  row.where = "f: row 1";
  CHECK(make_examples({row}, nullptr, {bare, 3, "truncate", true}, 10).examples[0].ids == row.input_ids);
  CHECK(test::input_error([&] {
          make_examples({row}, nullptr, {bare, 2, "truncate", true}, 9);
        }) == "f: row 1: found token id 9, expected 0 to 8 (the model's vocabulary).");
  row.labels = {-100, -100, -100};
  CHECK_THAT(test::input_error([&] {
               make_examples({row}, nullptr, {bare, 2, "truncate", true}, 10);
             }),
             test::Contains("every label is masked"));
  CHECK_THAT(test::input_error([] {
               make_examples({text_row("a", "b")}, nullptr, {bare, 9, "truncate", true}, 10);
             }),
             test::Contains("no tokenizer"));
}

}  // namespace
}  // namespace hyplora

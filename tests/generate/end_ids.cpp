#include "generate/end_ids.h"

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("A completion ends at the model's end ids, at the tokenizer's, and where the template's turn ends", "[generate]") {
  ModelSpec spec;
  spec.vocab_size = 768;
  spec.eos = {1};
  const auto tokenizer = load_tokenizer(test::in_source("data/model"));
  REQUIRE(tokenizer->eos() == 2);
  const PromptTemplate plain = find_prompt_template("alpaca");
  CHECK(end_ids(spec, nullptr, plain) == Ids{1});
  CHECK(end_ids(spec, tokenizer.get(), plain) == Ids{1, 2});
  spec.eos = {2};
  CHECK(end_ids(spec, tokenizer.get(), plain) == Ids{2});
  PromptTemplate turns = plain;
  turns.tokens = {"<s>"};
  turns.turn_end = "<s>\n";
  CHECK(end_ids(spec, tokenizer.get(), turns) == Ids{2, *tokenizer->bos()});
  spec.vocab_size = 1;  // an id behind the embeddings is never made
  CHECK(end_ids(spec, tokenizer.get(), plain) == Ids{2});
}

}  // namespace
}  // namespace hyplora

#include "data/words.h"

#include "support/support.h"

namespace hyplora {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("Texts that differ in case, white space, punctuation or Unicode form have the same words", "[data]") {
  const Words plain = compared_words("what is it's name");
  CHECK(plain == Words{"what", "is", "its", "name"});
  CHECK(compared_words("  What\tis, IT\xE2\x80\x99s -- \"name\"?!\n") == plain);
  CHECK(compared_words("STRASSE caf\xC3\x89") == compared_words("stra\xC3\x9F"
                                                                "e cafe\xCC\x81"));
  CHECK(compared_words("").empty());
  CHECK(compared_words("...").empty());
}

TEST_CASE("What carries meaning in arithmetic is kept apart", "[data]") {
  CHECK(compared_words("3.5") == Words{"3.5"});
  CHECK(compared_words("3.5") != compared_words("3 5"));
  CHECK(compared_words("1,000 apples.") == Words{"1000", "apples"});
  CHECK(compared_words("1,2,3") == Words{"1", "2", "3"});
  CHECK(compared_words("3 + 4") != compared_words("3 - 4"));
  CHECK(compared_words("3-4") == compared_words("3 - 4"));
  CHECK(compared_words("3*4") != compared_words("3/4"));
  CHECK(compared_words("5 %") == Words{"5", "%"});
  CHECK(compared_words("well-known and/or") == Words{"well", "known", "and", "or"});
  CHECK(compared_words("x < y") != compared_words("x > y"));
}

TEST_CASE("A symbol is no proper word", "[data]") {
  CHECK(is_proper_word("3.5"));
  CHECK(is_proper_word("\xC3\xA9"));
  CHECK_FALSE(is_proper_word("+"));
  CHECK_FALSE(is_proper_word("%"));
}

}  // namespace
}  // namespace hyplora

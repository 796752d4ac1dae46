// Expressions in Oniguruma's syntax: how they cut texts, as Hugging Face's tokenizers 0.23.3 (Split, Isolated) cuts them.
#include "text/oniguruma.h"

#include "support/support.h"
#include "text/split.h"

namespace hyplora {
namespace {

using test::Contains;
using Parts = std::vector<std::string>;

Parts cut(const std::string& regex, const std::string& text) {
  const Json json{{"pattern", {{"Regex", regex}}}};
  Parts made;
  for (const auto part : parts_of(text, {finder_of({json, "here"}), Behavior::isolated})) made.emplace_back(part);
  return made;
}

std::string refusal(const std::string& regex) {
  return test::input_error([&] { cut(regex, "a"); });
}

TEST_CASE("Classes nest and intersect", "[text]") {
  CHECK(cut("[a-z&&[^aeiou]]+", "education x") == Parts{"e", "d", "u", "c", "a", "t", "io", "n", " ", "x"});
  CHECK(cut("[a[bc]]+", "xabcx") == Parts{"x", "abc", "x"});
  CHECK(cut("[^a&&b]", "ab") == Parts{"a", "b"});
  CHECK(cut("[]a]+", "x]a") == Parts{"x", "]a"});
  CHECK(cut("[0-9-a]+", "1-ab") == Parts{"1-a", "b"});
  CHECK(cut("[[:alpha:]]+", "ab1\u00e9-x") == Parts{"ab", "1", "\u00e9", "-", "x"});
  CHECK(cut("[[:punct:]]+", "a+b!") == Parts{"a", "+", "b", "!"});
  CHECK(cut("[\\v]", "a\vb\n") == Parts{"a", "\v", "b\n"});
}

TEST_CASE("Escapes mean what they mean to Oniguruma", "[text]") {
  CHECK(cut("\\h+", "face gone 12") == Parts{"face", " gon", "e", " ", "12"});
  CHECK(cut("\\H+", "face gone") == Parts{"face", " gon", "e"});
  CHECK(cut("a\\Z", "a\n") == Parts{"a", "\n"});
  CHECK(cut("\\p{Punct}+", "a+b!") == Parts{"a+b", "!"});
  CHECK(cut("\\p{^L}+", "ab12") == Parts{"ab", "12"});
  CHECK(cut("\\p{Greek}+", "ab\u03b3\u03b4") == Parts{"ab", "\u03b3\u03b4"});
  CHECK(cut("\\p{Uppercase_Letter}", "aBc") == Parts{"a", "B", "c"});
  CHECK(cut("\\w+", "a\u00b2b") == Parts{"a\u00b2b"});
  CHECK(cut("[\\w]+", "a\u00b2b") == Parts{"a", "\u00b2", "b"});
  CHECK(cut("\\R", "a\r\nb") == Parts{"a", "\r\n", "b"});
  CHECK(cut("\\x{4e00}", "\u4e00\u4e8c") == Parts{"\u4e00", "\u4e8c"});
  CHECK(cut("\\Qa", "aQa") == Parts{"a", "Qa"});
  CHECK(cut("\\pL", "xpLx") == Parts{"x", "pL", "x"});
}

TEST_CASE("The dot, lines and options are Ruby's", "[text]") {
  CHECK(cut("(?m:a.b)", "xa\nbx") == Parts{"x", "a\nb", "x"});
  CHECK(cut("^b", "a\nb") == Parts{"a\n", "b"});
  CHECK(cut("a$", "a\nb") == Parts{"a", "\nb"});
  CHECK(cut("(?:(?i)a|b)c", "BcAc") == Parts{"Bc", "Ac"});
  CHECK(cut("(?x) a b # c", "xabx") == Parts{"x", "ab", "x"});
  CHECK(cut("(?i)\u017f", "sS") == Parts{"s", "S"});
}

TEST_CASE("Quantifiers and references are Ruby's", "[text]") {
  CHECK(cut("a{1,2}+", "aaaa") == Parts{"aaaa"});
  CHECK(cut("a{2}?b", "aab") == Parts{"aab"});
  CHECK(cut("a{,2}", "aaab") == Parts{"aa", "a", "b"});
  CHECK(cut("a{3,1}", "aaaab") == Parts{"aaa", "a", "b"});
  CHECK(cut("a**", "aab") == Parts{"aa", "b"});
  CHECK(cut("a{", "a{b") == Parts{"a{", "b"});
  CHECK(cut("(a)\\1", "aab") == Parts{"aa", "b"});
  CHECK(cut("(?<x>a)(b)\\k<x>", "abaaba") == Parts{"aba", "aba"});
}

TEST_CASE("An empty match cuts a text", "[text]") {
  CHECK(cut("x*", "abc") == Parts{"a", "b", "c"});
  CHECK(cut("(?=\\d)", "a12") == Parts{"a", "1", "2"});
  CHECK(cut("\\b", "a b") == Parts{"a", " ", "b"});
}

TEST_CASE("Forms without a translation are refused by name", "[text]") {
  CHECK(refusal("(?~ab)") == "here: the regular expression (?~ab) cannot be used: its (?~ has no translation.");
  CHECK_THAT(refusal("a\\X"), Contains("its \\X has no translation"));
  CHECK_THAT(refusal("\\g<1>(a)"), Contains("its \\g<"));
  CHECK_THAT(refusal("\\p{InGreek}"), Contains("its \\p{InGreek}"));
  CHECK_THAT(refusal("\\p{Gibberish}"), Contains("cannot be compiled"));
  CHECK_THAT(refusal("[a-\\d]"), Contains("a range that ends with a class"));
  CHECK_THAT(refusal("(?i)[\\p{Lu}]"), Contains("letters of one case"));
  CHECK_NOTHROW(cut("(?i:a)[\\p{Lu}]", "a"));
  CHECK_THAT(refusal("[z-a]"), Contains("an empty range"));
  CHECK_THAT(refusal("[[:gone:]]"), Contains("[:gone:] is no class"));
  CHECK_THAT(refusal("\\xE4"), Contains("\\xE4 is a byte"));
  CHECK_THAT(refusal("{1}a"), Contains("has nothing to repeat"));
  CHECK_THAT(refusal("*a"), Contains("has nothing to repeat"));
  CHECK_THAT(refusal("(a"), Contains("its ( is not closed"));
  CHECK_THAT(refusal("a)"), Contains("its ) closes nothing"));
  CHECK_THAT(refusal("[a"), Contains("class is not closed"));
  CHECK_THAT(refusal("a\\2"), Contains("\\2 refers to no group"));
  CHECK_THAT(refusal(std::string(5000, '(')), Contains("nests more than 100 levels"));
  CHECK_THAT(refusal(std::string(5000, '[')), Contains("nests more than 100 levels"));
  CHECK_THAT(refusal("a" + std::string(5000, '*')), Contains("chain of quantifiers"));
}

}  // namespace
}  // namespace hyplora

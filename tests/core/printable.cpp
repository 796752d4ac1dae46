#include "core/printable.h"

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("What prints stays as it is", "[core]") {
  for (const std::string text : {"", "plain", "ä日本\xF0\x9F\x98\x80", "back\\slash"}) CHECK(printable(text) == text);
}

TEST_CASE("What a terminal would obey is shown", "[core]") {
  CHECK(printable("a\x1b[2Jb\rc\nd\te\x7f") == "a\\x1b[2Jb\\rc\\nd\\te\\x7f");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xC2\x9B"
                  "31m") == "\\x9b31m");              // CSI as one character
  CHECK(printable("x\xE2\x80\xAEy") == "x\\u202ey");  // from right to left
  CHECK(printable("\xE2\x80\xA8") == "\\u2028");
  CHECK(printable("\xF3\xA0\x81\x81") == "\\ue0041");  // a tag character
}

TEST_CASE("Bytes that are no UTF-8 are shown one by one", "[core]") {
  CHECK(printable("a\xff") == "a\\xff");
  CHECK(printable("\xC3") == "\\xc3");
  CHECK(printable("\xC0\x80") == "\\xc0\\x80");                    // a zero in a longer form
  CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(printable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

TEST_CASE("A model's text keeps its lines", "[core]") { CHECK(printable("a\n\tb\x1b", Keep::lines) == "a\n\tb\\x1b"); }

}  // namespace
}  // namespace hyplora

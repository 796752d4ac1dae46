#include "eval/plain_text.h"

#include <cstdint>

#include "text/pattern.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

struct Plain {
  uint32_t code;
  const char* text;
};

constexpr Plain characters[] = {
    {0xa0, " "},      {0x2007, " "},    {0x2009, " "},    {0x202f, " "},    {0x205f, " "},    {0x3000, " "},
    {0x200b, ""},     {0x2060, ""},     {0xfeff, ""},     {0x2010, "-"},    {0x2011, "-"},    {0x2013, "-"},
    {0x2212, "-"},    {0xfe63, "-"},    {0x2018, "'"},    {0x2019, "'"},    {0x201c, "\""},   {0x201d, "\""},
    {0x3002, "."},    {0x3001, ","},    {0xd7, "*"},      {0x2217, "*"},    {0xb7, "*"},      {0x22c5, "*"},
    {0xf7, "/"},      {0x2044, "/"},    {0x2215, "/"},    {0x2248, "="},    {0x2245, "="},    {0xbd, " 1/2"},
    {0xbc, " 1/4"},   {0xbe, " 3/4"},   {0x2153, " 1/3"}, {0x2154, " 2/3"}, {0x215b, " 1/8"}, {0x215c, " 3/8"},
    {0x215d, " 5/8"}, {0x215e, " 7/8"}, {0x2155, " 1/5"}, {0x2156, " 2/5"}, {0x2157, " 3/5"}, {0x2158, " 4/5"}};

/// Where the ten decimal digits of other scripts begin: Arabic, Persian, Devanagari, Bengali, Thai.
constexpr uint32_t zeros[] = {0x660, 0x6f0, 0x966, 0x9e6, 0xe50};

/// As a digit or sign of an exponent; 0: it is none.
char superscript(uint32_t code) {
  if (code == 0xb9) return '1';
  if (code == 0xb2 || code == 0xb3) return static_cast<char>('2' + code - 0xb2);
  if (code == 0x2070 || (code >= 0x2074 && code <= 0x2079)) return static_cast<char>('0' + code - 0x2070);
  return code == 0x207b ? '-' : '\0';
}

std::string plain(uint32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  for (const auto& [from, text] : characters) {
    if (code == from) return text;
  }
  if (code >= 0xff01 && code <= 0xff5e) return std::string(1, static_cast<char>(code - 0xff01 + '!'));
  for (const uint32_t zero : zeros) {
    if (code >= zero && code < zero + 10) return std::string(1, static_cast<char>('0' + code - zero));
  }
  return utf8(code);
}

struct Spelling {
  Pattern form;
  const char* plain;
};

Spelling spelling(const char* form, const char* plain) { return {Pattern(form, "answers"), plain}; }

/// Each match gives way to the plain spelling.
std::string respelled(const std::string& text, const Spelling& spelling) {
  std::string made;
  size_t done = 0;
  for (auto match = spelling.form.find(text, 0); match; match = spelling.form.find(text, match->end)) {
    made += text.substr(done, match->begin - done) + spelling.plain;
    done = match->end;
  }
  return made + text.substr(done);
}

/// \text{words} -> words; of nested ones the inner one goes first.
void open_text_commands(std::string& text) {
  static const Pattern command(
      R"(\\(?:text(?:bf|rm|it|sf|tt|normal)?|math(?:rm|bf|it|sf)|mbox|boldsymbol|bf|rm)\s*\{([^{}]*)\})", "answers");
  for (int depth = 0; depth < 4; ++depth) {
    std::string made;
    size_t done = 0;
    for (auto match = command.find(text, 0); match; match = command.find(text, match->end)) {
      made += text.substr(done, match->begin - done) + text.substr(match->group_begin, match->group_end - match->group_begin);
      done = match->end;
    }
    if (done == 0) return;
    text = made + text.substr(done);
  }
}

/// Emphasis of web pages.
const Spelling& tags() {
  static const Spelling tags = spelling(R"((?i)</?(?:b|i|em|strong|u|p|br|span)\s?/?>)", "");
  return tags;
}

/// **D**, "D" or $D$ -> [D]: a letter that is set off is no article.
void bracket_letters(std::string& text) {
  static const Pattern letter(R"((?<![\w*_"'`$])[*_"'`$]+\(?([A-E])\)?[*_"'`$]+(?!\w))", "answers");
  for (auto match = letter.find(text, 0); match; match = letter.find(text, match->begin))
    text.replace(match->begin, match->end - match->begin, "[" + text.substr(match->group_begin, 1) + "]");
}

}  // namespace

std::string plain_text(std::string_view text) {
  std::string made;
  bool raised = false;
  for (size_t place = 0; place < text.size();) {
    const auto [code, bytes] = character_at(text, place);
    place += bytes;
    const char exponent = superscript(code);
    if (raised != (exponent != 0)) made += raised ? "}" : "^{";
    raised = exponent != 0;
    made += raised ? std::string(1, exponent) : plain(code);
  }
  return raised ? made + "}" : made;
}

std::string plain_numbers(std::string_view text) {
  static const Spelling spellings[] = {
      spelling(R"(\{,\}\s?|,\\!|(?<=[0-9])\\,(?=[0-9]{3}(?![0-9])))", ","),
      spelling(R"(\\!|\\left(?![a-zA-Z])|\\right(?![a-zA-Z])|(?<![0-9)}])\*\*|\*\*(?![0-9(])|__|`)", ""),
      spelling(R"(\\[dtc]frac(?![a-zA-Z]))", "\\frac"),
      spelling(R"(\\(?:displaystyle|q?quad)(?![a-zA-Z])|\\[,;: ()\[\]]|~)", " "),
      spelling(R"(\\\$)", "$"),
      spelling(R"(\\%)", "%"),
      spelling(R"(\*\*)", "^"),
      spelling(R"(\\(?:times|cdot)(?![a-zA-Z]))", "*"),
      spelling(R"(\\div(?![a-zA-Z]))", "/"),
      spelling(R"(\\(?:approx|equiv)(?![a-zA-Z]))", "=")};
  std::string made = respelled(plain_text(text), tags());
  open_text_commands(made);
  for (const Spelling& one : spellings) made = respelled(made, one);
  return made;
}

std::string plain_words(std::string_view text) {
  static const Spelling spellings[] = {spelling(R"(\\[ ,;:!()\[\]]|~)", " "), spelling(R"([*_"`$]|(?<!\w)'|'(?!\w))", "")};
  std::string made = respelled(plain_text(text), tags());
  open_text_commands(made);
  bracket_letters(made);
  for (const Spelling& one : spellings) made = respelled(made, one);
  return made;
}

}  // namespace hyplora

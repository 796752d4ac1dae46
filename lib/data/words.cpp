#include "data/words.h"

#include "text/unicode.h"

namespace hyplora {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool digit_at(std::string_view text, size_t place) { return place < text.size() && is_digit(text[place]); }

/// The nearest characters around [begin, end), spaces aside: is one of them a digit?
bool beside_digit(std::string_view text, size_t begin, size_t end) {
  while (begin > 0 && text[begin - 1] == ' ') --begin;
  while (end < text.size() && text[end] == ' ') ++end;
  return (begin > 0 && is_digit(text[begin - 1])) || digit_at(text, end);
}

bool word_at(std::string_view text, size_t place) {
  return place < text.size() && is_word_character(character_at(text, place).code);
}
bool word_before(std::string_view text, size_t place) {
  return place > 0 && is_word_character(character_before(text, place).code);
}

enum class Kind { inside, dropped, symbol, gap };

/// What the character at `at`, no word character, does to the words around it.
Kind kind_of(std::string_view text, size_t place, Character c) {
  const size_t after = place + c.bytes;
  const bool number_before = place > 0 && is_digit(text[place - 1]);
  if (c.code == '.' && number_before && digit_at(text, after)) return Kind::inside;
  if (c.code == ',' && number_before && digit_at(text, after) && digit_at(text, after + 1) && digit_at(text, after + 2) &&
      !digit_at(text, after + 3)) {
    return Kind::dropped;
  }
  const bool apostrophe = c.code == '\'' || c.code == 0x2019;
  if (apostrophe && word_before(text, place) && word_at(text, after)) return Kind::dropped;
  const bool sign = c.code == '-' || c.code == '*' || c.code == '/' || c.code == '%';
  if (sign) return beside_digit(text, place, after) ? Kind::symbol : Kind::gap;
  return is_symbol(c.code) ? Kind::symbol : Kind::gap;
}

}  // namespace

std::vector<std::string> compared_words(std::string_view original) {
  const std::string text = case_folded(original);
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    const std::string_view bytes = std::string_view(text).substr(place, c.bytes);
    const Kind kind = is_word_character(c.code) ? Kind::inside : kind_of(text, place, c);
    place += c.bytes;
    if (kind == Kind::dropped) continue;
    if (kind != Kind::inside) end_word();
    if (kind != Kind::gap) word += bytes;
    if (kind == Kind::symbol) end_word();
  }
  end_word();
  return words;
}

bool is_proper_word(std::string_view word) { return is_word_character(character_at(word, 0).code); }

}  // namespace hyplora

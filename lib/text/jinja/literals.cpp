#include "text/jinja/literals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "text/jinja/casing.h"
#include "text/jinja/ledger.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

__extension__ typedef __int128 Wide;

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits with single underscores between them.
size_t after_digits(std::string_view text, size_t place) {
  size_t end = place;
  while (end < text.size() && (is_ascii_digit(text[end]) || (text[end] == '_' && end > place && text[end - 1] != '_' &&
                                                             end + 1 < text.size() && is_ascii_digit(text[end + 1]))))
    ++end;
  return end;
}

/// 0 < digit < base, or -1.
int digit_of(char c) {
  if (is_ascii_digit(c)) return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'z' ? small - 'a' + 10 : -1;
}

int base_of(char letter) {
  const char small = static_cast<char>(letter | 0x20);
  return small == 'x' ? 16 : small == 'o' ? 8 : small == 'b' ? 2 : 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(character_at(text, 0).code)) text.remove_prefix(character_at(text, 0).bytes);
  while (!text.empty() && is_space(character_before(text, text.size()).code))
    text.remove_suffix(character_before(text, text.size()).bytes);
  return text;
}

/// `count` hexadecimal digits.
std::optional<uint32_t> hexadecimal(std::string_view text, size_t place, size_t count) {
  if (place + count > text.size()) return std::nullopt;
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(text.data() + place, text.data() + place + count, code, 16);
  if (error != std::errc() || end != text.data() + place + count) return std::nullopt;
  return code;
}

/// Without the underscores that stand between digits; nothing where one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      made += text[i];
    } else if (i == 0 || i + 1 == text.size() || digit_of(text[i - 1]) < 0 || digit_of(text[i + 1]) < 0) {
      return std::nullopt;
    }
  }
  return made;
}

}  // namespace

size_t end_of_real(std::string_view text, size_t place) {
  const size_t whole = after_digits(text, place);
  if (whole == place) return place;
  size_t end = whole;
  if (end + 1 < text.size() && text[end] == '.' && is_ascii_digit(text[end + 1])) end = after_digits(text, end + 1);
  if (end < text.size() && (text[end] | 0x20) == 'e') {
    const size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
    const size_t exponent = after_digits(text, end + 1 + sign);
    if (exponent > end + 1 + sign) return exponent;
  }
  return end == whole ? place : end;
}

size_t end_of_integer(std::string_view text, size_t place) {
  if (place >= text.size() || !is_ascii_digit(text[place])) return place;
  if (text[place] == '0' && place + 1 < text.size() && base_of(text[place + 1]) != 0) {
    const int base = base_of(text[place + 1]);
    size_t end = place + 2;
    while (end < text.size()) {
      const size_t digit = text[end] == '_' ? end + 1 : end;
      if (digit >= text.size() || digit_of(text[digit]) < 0 || digit_of(text[digit]) >= base) break;
      end = digit + 1;
    }
    if (end > place + 2) return end;
  }
  if (text[place] != '0') return after_digits(text, place);
  size_t end = place + 1;
  while (end < text.size() && (text[end] == '0' || (text[end] == '_' && end + 1 < text.size() && text[end + 1] == '0'))) ++end;
  return end;
}

std::optional<int64_t> integer_in(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  const int base = text.size() > 1 ? base_of(text[1]) : 0;
  const char* begin = text.data() + (base != 0 ? 2 : 0);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value, base != 0 ? base : 10);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

double real_in(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {  // the nearest: infinity or zero
    const size_t e = text.find_first_of("eE");
    return e != std::string::npos && text[e + 1] == '-' ? 0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

std::optional<int64_t> parsed_integer(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) throw Fault{"int() needs a base from 2 to 36, or 0"};
  text = trimmed(text);
  const bool minus = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && base_of(text[1]) != 0 && (base == 0 || base == base_of(text[1]))) {
    base = base_of(text[1]);
    text.remove_prefix(text.size() > 2 && text[2] == '_' ? 3 : 2);
  } else if (base == 0 && text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto digits = without_underscores(text);
  if (!digits || digits->empty()) return std::nullopt;
  Wide value = 0;
  for (const char c : *digits) {
    const int digit = digit_of(c);
    if (digit < 0 || digit >= (base == 0 ? 10 : base)) return std::nullopt;
    value = value * (base == 0 ? 10 : base) + digit;
    if (value > static_cast<Wide>(std::numeric_limits<int64_t>::max()) + 1)
      throw Fault{"found an integer that does not fit into 64 bits"};
  }
  if (minus) value = -value;
  if (value > std::numeric_limits<int64_t>::max()) throw Fault{"found an integer that does not fit into 64 bits"};
  return static_cast<int64_t>(value);
}

std::optional<double> parsed_real(std::string_view text) {
  text = trimmed(text);
  const bool minus = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::string word = lower(text);
  double value = 0;
  if (word == "inf" || word == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (word == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const auto digits = without_underscores(text);
    if (!digits || digits->empty() || (!is_ascii_digit((*digits)[0]) && (*digits)[0] != '.')) return std::nullopt;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), value);
    if (end != digits->data() + digits->size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) value = real_in(*digits);
  }
  return minus ? -value : value;
}

std::optional<std::string> unescaped(std::string_view text, std::string& fault) {
  constexpr std::string_view letters = "abfnrtv\\'\"", meant = "\a\b\f\n\r\t\v\\'\"";
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      made += text[i];
      continue;
    }
    const char c = text[++i];  // the lexer leaves no backslash at the end
    if (const size_t known = letters.find(c); known != std::string_view::npos) {
      made += meant[known];
    } else if (c >= '0' && c <= '7') {
      uint32_t code = 0;
      size_t digits = 0;
      while (digits < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7') {
        code = code * 8 + static_cast<uint32_t>(text[i++] - '0');
        ++digits;
      }
      --i;
      made += utf8(code);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      const auto code = hexadecimal(text, i + 1, count);
      if (!code || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) {
        fault = fmt::format("found \"\\{}\" without {} digits of a character", c, count);
        return std::nullopt;
      }
      made += utf8(*code);
      i += count;
    } else if (c == 'N') {
      fault = "found \"\\N\", a character by its name, which is not supported";
      return std::nullopt;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      if (c != '\n') made += fmt::format("\\{}", c);
    } else {  // Python escapes it first, so that the backslash becomes the escape's
      const Character other = character_at(text, i);
      made += other.code < 0x100     ? fmt::format("\\x{:02x}", other.code)
              : other.code < 0x10000 ? fmt::format("\\u{:04x}", other.code)
                                     : fmt::format("\\U{:08x}", other.code);
      i += other.bytes - 1;
    }
  }
  return made;
}

}  // namespace hyplora::jinja

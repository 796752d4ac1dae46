// Python's texts with places for values: the operator %, str.format, and the small language of widths and precisions that both know.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/casing.h"
#include "text/jinja/format.h"
#include "text/jinja/literals.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

bool is_digit_at(std::string_view text, size_t place) {
  return place < text.size() && text[place] >= '0' && text[place] <= '9';
}

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

Form form_of(const std::string& text) {
  Form form;
  size_t place = 0;
  const auto now = [&] { return place < text.size() ? text[place] : '\0'; };
  if (!text.empty()) {
    const size_t first = character_at(text, 0).bytes;
    if (first < text.size() && is_align(text[first])) {
      form.fill = text.substr(0, first);
      form.align = text[first];
      place = first + 1;
    } else if (is_align(text[0])) {
      form.align = text[place++];
    }
  }
  if (now() == '+' || now() == '-' || now() == ' ') form.sign = text[place++];
  if (now() == '#') form.alternate = ++place > 0;
  if (now() == '0') {
    if (form.align == 0) {
      form.fill = "0";
      form.align = '=';
    }
    ++place;
  }
  form.width = number_at(text, place);
  if (now() == ',' || now() == '_') form.grouping = text[place++];
  if (now() == '.') {
    if (!is_digit_at(text, ++place)) throw Fault{fmt::format("found the format \"{}\" without a precision", text)};
    form.precision = number_at(text, place);
  }
  if (now() != '\0') form.type = text[place++];
  if (place != text.size()) throw Fault{fmt::format("found the format \"{}\", which Python does not know", text)};
  return form;
}

std::string grouped(const std::string& digits, const Form& form, size_t every) {
  if (form.grouping == 0) return digits;
  const size_t whole = std::min(digits.find_first_of(".eE"), digits.size());
  std::string made = digits.substr(whole);
  for (size_t taken = 0; taken < whole; ++taken) {
    if (taken > 0 && taken % every == 0) made.insert(0, 1, form.grouping);
    made.insert(0, 1, digits[whole - 1 - taken]);
  }
  return made;
}

std::string sign_text(bool minus, const Form& form) { return minus ? "-" : form.sign == '-' ? "" : std::string(1, form.sign); }

std::string integer_digits(uint64_t size, const Form& form, std::string& prefix) {
  switch (form.type) {
    case 'x':
      prefix += form.alternate ? "0x" : "";
      return fmt::format("{:x}", size);
    case 'X':
      prefix += form.alternate ? "0X" : "";
      return fmt::format("{:X}", size);
    case 'o':
      prefix += form.alternate ? "0o" : "";
      return fmt::format("{:o}", size);
    case 'b':
      prefix += form.alternate ? "0b" : "";
      return fmt::format("{:b}", size);
    default:
      return fmt::format("{}", size);
  }
}

std::string real_digits(double size, const Form& form) {
  const auto precision = static_cast<int>(form.precision < 0 ? 6 : std::min<int64_t>(form.precision, 1000));
  const bool large = form.type == 'E' || form.type == 'F' || form.type == 'G';
  if (std::isnan(size)) return large ? "NAN" : "nan";
  if (std::isinf(size)) return large ? "INF" : "inf";
  switch (form.type) {
    case 'e':
      return fmt::format("{:.{}e}", size, precision);
    case 'E':
      return fmt::format("{:.{}E}", size, precision);
    case 'f':
    case 'F':
      return fmt::format("{:.{}f}", size, precision);
    case '%':
      return fmt::format("{:.{}f}%", size * 100, precision);
    case 'g':
      return fmt::format("{:.{}g}", size, std::max(precision, 1));
    case 'G':
      return fmt::format("{:.{}G}", size, std::max(precision, 1));
    default:
      break;
  }
  if (form.precision < 0) return number_text(size);
  std::string text = fmt::format("{:.{}g}", size, std::max(precision, 1));
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// The places of a text for str.format.
class Braces {
 public:
  explicit Braces(const Arguments& arguments) : arguments_(arguments) {}

  std::string made(const std::string& form, int depth) {
    if (depth > 2) throw Fault{"a format holds formats that hold formats"};
    std::string made;
    for (size_t place = 0; place < form.size();) {
      spend(10);
      require_room(made.size());
      const char c = form[place++];
      if ((c == '{' || c == '}') && place < form.size() && form[place] == c) {
        made += c;
        ++place;
      } else if (c == '}') {
        throw Fault{"found a single \"}\" in a format"};
      } else if (c != '{') {
        made += c;
      } else {
        made += field(form, place, depth);
      }
    }
    return made;
  }

 private:
  /// {name!conversion:format}, whose "{" is read.
  std::string field(const std::string& form, size_t& place, int depth) {
    size_t end = place;
    for (int open = 1; end < form.size() && open > 0; ++end) open += form[end] == '{' ? 1 : form[end] == '}' ? -1 : 0;
    if (end > form.size() || end == place || form[end - 1] != '}') throw Fault{"found a \"{\" without its end in a format"};
    const std::string inside = form.substr(place, end - 1 - place);
    place = end;
    size_t name_end = 0;
    for (int open = 0; name_end < inside.size() && (open > 0 || (inside[name_end] != '!' && inside[name_end] != ':'));
         ++name_end)
      open += inside[name_end] == '[' ? 1 : inside[name_end] == ']' ? -1 : 0;
    Value value = named(inside.substr(0, name_end));
    std::string rest = inside.substr(name_end);
    if (rest.starts_with("!")) {
      if (rest.size() < 2 || std::string_view("sra").find(rest[1]) == std::string_view::npos ||
          (rest.size() > 2 && rest[2] != ':'))
        throw Fault{"found an unknown conversion in a format"};
      value = Value(converted(value, rest[1]));
      rest.erase(0, 2);
    }
    return formatted(value, rest.empty() ? rest : made(rest.substr(1), depth + 1));
  }

  Value named(const std::string& name) {
    const size_t first_end = std::min(name.find_first_of(".["), name.size());
    Value value = first(name.substr(0, first_end));
    for (size_t place = first_end; place < name.size();) {
      const bool bracket = name[place] == '[';
      const size_t end = bracket ? name.find(']', place) : std::min(name.find_first_of(".[", place + 1), name.size());
      if (end == std::string::npos) throw Fault{"found a \"[\" without its end in a format"};
      const std::string part = name.substr(place + 1, end - place - 1);
      const auto index = parsed_integer(part, 10);
      value = !bracket ? attribute(value, part) : element(value, index ? Value(*index) : Value(part));
      place = bracket ? end + 1 : end;
    }
    return value;
  }

  Value first(const std::string& name) {
    const bool digits = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!name.empty() && !digits) {
      for (const auto& [known, value] : arguments_.by_name) {
        if (known == name) return value;
      }
      throw Fault{fmt::format("a format names \"{}\", which is not given", name)};
    }
    if ((name.empty() ? counted_ < 0 : counted_ > 0)) throw Fault{"a format numbers some places and others not"};
    counted_ = name.empty() ? counted_ + 1 : -1;
    const auto place =
        name.empty() ? static_cast<size_t>(counted_ - 1) : static_cast<size_t>(parsed_integer(name, 10).value_or(-1));
    if (place >= arguments_.in_order.size()) throw Fault{"a format has more places than values"};
    return arguments_.in_order[place];
  }

  const Arguments& arguments_;
  int64_t counted_ = 0;
};

}  // namespace

int64_t number_at(std::string_view text, size_t& place) {
  int64_t number = 0;
  for (; is_digit_at(text, place); ++place) {
    number = number * 10 + (text[place] - '0');
    if (number > widest) throw Fault{fmt::format("a format asks for more than {} characters", widest)};
  }
  return number;
}

std::string padded(const Form& form, char otherwise, const std::string& sign, const std::string& text) {
  const int64_t space = std::max<int64_t>(form.width - count_characters(sign) - count_characters(text), 0);
  const char align = form.align != 0 ? form.align : otherwise;
  const auto fill = [&](int64_t count) { return repeated(form.fill, count); };
  if (align == '=') return sign + fill(space) + text;
  if (align == '<') return sign + text + fill(space);
  if (align == '>') return fill(space) + sign + text;
  return fill(space / 2) + sign + text + fill(space - space / 2);
}

std::string formatted_number(const Value& value, const Form& form) {
  const bool real = value.is(Kind::real) || std::string_view("eEfFgG%").find(form.type) != std::string_view::npos;
  if (form.type == 's' ||
      (value.is(Kind::real) && form.type != 0 && std::string_view("eEfFgG%n").find(form.type) == std::string_view::npos))
    throw Fault{fmt::format("the format \"{}\" is none for {}", form.type, kind_name(value))};
  if (form.type == 'c')
    return padded(form, '<', "", utf8(static_cast<uint32_t>(std::clamp<int64_t>(value.integer(), 0, 0x10FFFF))));
  if (real && form.type != 0) {
    const double number = value.real();
    return padded(form, '>', sign_text(std::signbit(number), form), grouped(real_digits(std::abs(number), form), form, 3));
  }
  if (real)
    return padded(form, '>', sign_text(std::signbit(value.real()), form),
                  grouped(real_digits(std::abs(value.real()), form), form, 3));
  if (form.precision >= 0) throw Fault{"an integer is formatted with a precision"};
  if (form.type != 0 && std::string_view("dxXobn").find(form.type) == std::string_view::npos)
    throw Fault{fmt::format("the format \"{}\" is none for {}", form.type, kind_name(value))};
  const int64_t number = value.integer();
  const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  std::string sign = sign_text(number < 0, form);
  const std::string digits = integer_digits(size, form, sign);
  return padded(form, '>', sign, grouped(digits, form, form.type == 'd' || form.type == 0 ? 3 : 4));
}

std::string cut(const std::string& text, int64_t count) {
  size_t place = 0;
  for (int64_t i = 0; i < count && place < text.size(); ++i) place += character_at(text, place).bytes;
  return count < 0 ? text : text.substr(0, place);
}

std::string converted(const Value& value, char conversion) {
  if (conversion == 's') return text_of(value);
  const std::string text = repr(value);
  if (conversion == 'r') return text;
  std::string made;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    made += c.code < 0x80      ? std::string(1, static_cast<char>(c.code))
            : c.code < 0x100   ? fmt::format("\\x{:02x}", c.code)
            : c.code < 0x10000 ? fmt::format("\\u{:04x}", c.code)
                               : fmt::format("\\U{:08x}", c.code);
    place += c.bytes;
  }
  return made;
}

std::string brace_format(const std::string& form, const Arguments& arguments) { return Braces(arguments).made(form, 0); }

std::string formatted(const Value& value, const std::string& text) {
  if (text.empty()) return text_of(value);
  const Form form = form_of(text);
  if (value.is_number()) return formatted_number(value, form);
  if (!value.is_text()) throw Fault{fmt::format("{} has no formats", kind_name(value))};
  if ((form.type != 0 && form.type != 's') || form.align == '=' || form.sign != '-' || form.grouping != 0)
    throw Fault{fmt::format("found the format \"{}\", which is none for a str", text)};
  return padded(form, '<', "", cut(value.text(), form.precision));
}

}  // namespace hyplora::jinja
